//! Admission policies of the API server's own that let everything pass.
//!
//! | of each `ValidatingAdmissionPolicy`          | warn                                             |
//! |----------------------------------------------|--------------------------------------------------|
//! | bindings                                     | none; or none has `Deny` in `validationActions`  |
//! | `spec.failurePolicy`                         | `Ignore`                                         |
//! | `status.typeChecking.expressionWarnings`     | some                                             |
//! | `spec.paramKind`, and the binding's `paramRef` | no binding that denies names a parameter       |
//!
//! Whether a parameter is there is not read: a binding that lets pass what has none
//! (`parameterNotFoundAction: Allow`) leaves it unknown.

use assay_model::{
    Cause, Findings, Gap, Known, Location, Outcome, Resource, Scope, Severity,
    admission_policy::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
};

use crate::{Check, Empty, Facts, Rule, Ruled, Ruling};

pub(super) static CHECK: Check = Check {
    code: "CLU-CIS-044",
    id: "admission-policy-without-effect",
    title: "admission policy refuses nothing",
    severity: Severity::Medium,
    rationale: "It is there to be shown, and everything it names gets in: nobody looks for a second guard where one \
                seems to stand.",
    remediation: "Bind it with `validationActions: [Deny]` (`Audit` beside it is fine), leave `failurePolicy` at \
                  `Fail`, mend the expressions that `kubectl describe` warns about, and set `paramRef` with \
                  `parameterNotFoundAction: Deny` where it takes parameters. Delete it if it is not meant to hold.",
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/",
    ],
    verdicts: &[
        (
            Outcome::Warn,
            "a policy is unbound, bound without `Deny`, ignores its own failures, has type warnings or lacks its parameter",
        ),
        (Outcome::Pass, "each policy is bound and denies"),
        (Outcome::NotApplicable, "there is no such policy"),
    ],
    needs: &[&[Resource::ValidatingAdmissionPolicies, Resource::ValidatingAdmissionPolicyBindings]],
    empty: Empty::NotApplicable,
    rule: Rule::Cluster(admission_policy_without_effect),
};

fn admission_policy_without_effect(facts: &Facts<'_>, findings: &mut Findings) -> Ruled {
    let mut some = false;
    facts.inventory.admission_policies.each(Scope::Cluster, |policy| {
        some = true;
        let at = |field: &str| {
            Location::field(format!("ValidatingAdmissionPolicy {}{field}", policy.metadata.name))
        };
        if policy.spec.failure_policy.as_deref() == Some("Ignore") {
            findings.warn(at(": spec.failurePolicy"), "is `Ignore`");
        }
        let checked = policy.status.type_checking.as_ref();
        for warning in checked.into_iter().flat_map(|it| &it.expression_warnings) {
            findings.warn(at(&format!(": {}", warning.field_ref)), "has types that do not fit");
        }
        if let Some(why) = without_effect(policy, facts)? {
            findings.warn(at(""), why);
        }
        Ok(())
    })?;
    Ok(if some {
        Ruling::Applies
    } else {
        Ruling::NotApplicable("there is no ValidatingAdmissionPolicy".to_owned())
    })
}

/// Why no binding makes the policy deny; `None` when one does.
fn without_effect(
    policy: &ValidatingAdmissionPolicy,
    facts: &Facts<'_>,
) -> Known<Option<&'static str>> {
    let bindings = &facts.inventory.admission_policy_bindings;
    let binds = |it: &ValidatingAdmissionPolicyBinding| it.spec.policy_name == policy.metadata.name;
    let denies = |it: &ValidatingAdmissionPolicyBinding| {
        binds(it) && it.spec.validation_actions.iter().any(|it| &**it == "Deny")
    };
    let holds = bindings.find(Scope::Cluster, |binding| {
        if !denies(binding) || policy.spec.param_kind.is_none() {
            return Ok(denies(binding));
        }
        let Some(reference) = &binding.spec.param_ref else { return Ok(false) };
        if reference.parameter_not_found_action.as_deref() == Some("Deny") {
            return Ok(true);
        }
        let message = format!(
            "whether the parameter of {} is there, without which it lets everything pass",
            binding.metadata.name
        );
        let resource = Resource::ValidatingAdmissionPolicyBindings;
        Err(Gap::whole(resource, Cause::Inconclusive, message).into())
    });
    if holds?.is_some() {
        return Ok(None);
    }
    let all = bindings.all(Scope::Cluster)?;
    Ok(Some(if !all.iter().any(binds) {
        "has no binding"
    } else if !all.iter().any(denies) {
        "is bound without `Deny`"
    } else {
        "takes a parameter, and no binding that denies names one"
    }))
}
