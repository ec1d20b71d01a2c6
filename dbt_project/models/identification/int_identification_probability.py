def model(dbt, session):
    """The probability of each rule: the beta function and the enumeration are scipy's and numpy's work."""
    from pipelines.programme.rule_probability import probabilities  # noqa: PLC0415

    dbt.config(materialized="table")
    conditions = dbt.ref("int_identification_condition").df()
    requirements = dbt.ref("rule_requirement").df()
    return probabilities(conditions, requirements)
