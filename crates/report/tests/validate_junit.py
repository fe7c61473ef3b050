"""Holds JUnit files against the XML Schema, and reads them as a consumer would.

Usage: validate_junit.py SCHEMA FILE...

Prints a line for each file: its name, then `tests failures errors skipped` as junitparser counts
them. A file that the schema refuses, or whose counts differ from what its suites claim, is an error.
"""

import sys

import junitparser
import xmlschema


def counted(path):
    """Results by kind, counted case by case; each suite's own numbers have to agree."""
    total = [0, 0, 0, 0]
    for suite in junitparser.JUnitXml.fromfile(path):
        counts = [0, 0, 0, 0]
        for case in suite:
            counts[0] += 1
            for result in case.result:
                kinds = (junitparser.Failure, junitparser.Error, junitparser.Skipped)
                counts[1 + kinds.index(type(result))] += 1
        claimed = [suite.tests, suite.failures, suite.errors, suite.skipped]
        if counts != claimed:
            sys.exit(f"{path}: {suite.name} claims {claimed}, holds {counts}")
        total = [a + b for a, b in zip(total, counts)]
    return total


def main(schema, *paths):
    schema = xmlschema.XMLSchema(schema)
    for path in paths:
        try:
            schema.validate(path)
        except xmlschema.XMLSchemaException as error:
            sys.exit(f"{path}: {error}")
        print(path, *counted(path))


main(*sys.argv[1:])
