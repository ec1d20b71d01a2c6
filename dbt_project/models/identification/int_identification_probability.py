def model(dbt, session):
    """The probability of each rule: the beta function and the enumeration are scipy's and numpy's work."""
    from pipelines.programme.rule_probability import CONDITION, probabilities  # noqa: PLC0415

    dbt.config(materialized="table")
    # of all columns the frame of a country's conditions would take 1 GB more
    conditions = dbt.ref("int_identification_condition").project(", ".join(CONDITION)).df()
    requirements = dbt.ref("rule_requirement").df()
    return probabilities(conditions, requirements)
