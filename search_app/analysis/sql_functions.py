"""The functions that typed SQL may call: none of them changes, waits, reads files or makes much.

`repeat`, `lpad`, `rpad` and `format` are missing on purpose: one call of them makes a gigabyte.
"""

OURS = "cosine vector_json average"
VECTORS = """
    cosine_distance l2_distance l1_distance inner_product vector_dims vector_norm l2_normalize
    subvector binary_quantize
"""
AGGREGATES = """
    count sum avg min max array_agg string_agg bool_and bool_or every json_agg jsonb_agg
    json_object_agg jsonb_object_agg stddev stddev_pop stddev_samp variance var_pop var_samp corr
    covar_pop covar_samp regr_slope regr_intercept regr_r2 mode percentile_cont percentile_disc
    rank dense_rank percent_rank cume_dist row_number ntile lag lead first_value last_value
    nth_value grouping any_value
"""
NUMBERS = """
    abs ceil ceiling floor round trunc sign sqrt cbrt exp ln log log10 power pow mod div gcd lcm
    pi degrees radians sin cos tan asin acos atan atan2 sinh cosh tanh greatest least random
    width_bucket to_number generate_series
"""
TEXTS = """
    length char_length character_length octet_length lower upper initcap left right substr
    substring btrim ltrim rtrim trim replace translate reverse split_part strpos position
    starts_with
    overlay concat concat_ws ascii chr md5 sha256 encode decode convert_to convert_from to_char
    string_to_array string_to_table array_to_string quote_literal quote_ident regexp_count
    regexp_like regexp_match regexp_matches regexp_replace regexp_substr regexp_split_to_array
    regexp_split_to_table to_tsvector to_tsquery plainto_tsquery websearch_to_tsquery
    phraseto_tsquery ts_rank ts_rank_cd ts_headline to_hex normalize unistr
"""
TIMES = """
    now date_trunc date_part extract age to_date to_timestamp make_date make_timestamp
    make_interval justify_days justify_hours date_bin clock_timestamp statement_timestamp
    transaction_timestamp isfinite
"""
ARRAYS_AND_JSON = """
    array_length array_position array_positions array_remove array_replace array_append
    array_prepend array_cat array_dims array_lower array_upper array_ndims cardinality unnest
    trim_array row_to_json to_json to_jsonb json_build_object jsonb_build_object json_build_array
    jsonb_build_array json_array_elements jsonb_array_elements json_array_elements_text
    jsonb_array_elements_text json_array_length jsonb_array_length json_each jsonb_each
    json_each_text jsonb_each_text json_object_keys jsonb_object_keys json_typeof jsonb_typeof
    jsonb_path_exists jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_pretty
    jsonb_set jsonb_strip_nulls json_extract_path json_extract_path_text jsonb_extract_path
    jsonb_extract_path_text
"""
OTHERS = "coalesce nullif num_nulls num_nonnulls gen_random_uuid"

FUNCTIONS = frozenset(
    " ".join([OURS, VECTORS, AGGREGATES, NUMBERS, TEXTS, TIMES, ARRAYS_AND_JSON, OTHERS]).split()
)

# Words of the language, and types, after which a parenthesis may stand.
SYNTAX = frozenset(
    [
        "select",
        "from",
        "where",
        "and",
        "or",
        "not",
        "in",
        "any",
        "all",
        "some",
        "exists",
        "as",
        "on",
        "using",
        "over",
        "filter",
        "values",
        "by",
        "having",
        "limit",
        "offset",
        "join",
        "lateral",
        "with",
        "union",
        "except",
        "intersect",
        "distinct",
        "between",
        "like",
        "ilike",
        "similar",
        "to",
        "is",
        "when",
        "then",
        "else",
        "case",
        "array",
        "row",
        "cast",
        "group",
        "within",
        "rollup",
        "cube",
        "sets",
        "materialized",
        "interval",
        "window",
        "partition",
        "order",
        "fetch",
        "ordinality",
        "symmetric",
        "left_join",
        "cross",
        "numeric",
        "decimal",
        "varchar",
        "char",
        "character",
        "bit",
        "varbit",
        "float",
        "time",
        "timestamp",
        "timestamptz",
        "timetz",
        "vector",
        "halfvec",
        "sparsevec",
        "varying",
        "precision",
    ]
)
