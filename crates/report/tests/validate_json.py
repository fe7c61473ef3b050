"""Holds JSON files against a JSON Schema, which itself has to be one of draft 2020-12.

Usage: validate_json.py SCHEMA FILE...
"""

import json
import sys

import jsonschema


def main(schema, *paths):
    with open(schema, encoding="utf-8") as file:
        schema = json.load(file)
    if schema["$schema"] != "https://json-schema.org/draft/2020-12/schema":
        sys.exit(f"the schema is of {schema['$schema']}")
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
        for path in paths:
            with open(path, encoding="utf-8") as file:
                jsonschema.validate(json.load(file), schema, jsonschema.Draft202012Validator)
            print(path)
    except (jsonschema.SchemaError, jsonschema.ValidationError) as error:
        sys.exit(str(error))


main(*sys.argv[1:])
