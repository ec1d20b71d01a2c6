{#
    What: no two rows have the same values in the columns of the grain, and none of these is null.
    When it matters: always; a repeated grain counts students twice in whatever is joined or added up on it.
    How to fix: look at the rows printed; a join multiplied them, or two files say the same in a way that the
    intake could not see. `nullable` names columns of the grain that may be empty.
#}
{% test unique_grain(model, columns, nullable=[]) %}
    select {{ columns | join(', ') }}, count(*) as rows_n
    from {{ model }}
    group by {{ columns | join(', ') }}
    having
        count(*) > 1
        {% for column in columns if column not in nullable %}
        or {{ column }} is null
        {% endfor %}
{% endtest %}
