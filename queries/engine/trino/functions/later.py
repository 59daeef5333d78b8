"""Trino's functions that are not known here: these are refused, others do not exist."""

REFUSED = frozenset(
    """
    approx_distinct approx_most_frequent approx_percentile approx_set array_first array_last
    bing_tile bing_tile_at bing_tile_polygon bing_tile_quadkey bing_tile_zoom_level
    bing_tiles_around bitwise_and_agg bitwise_or_agg bitwise_xor_agg checksum classify
    color contains_sequence convex_hull_agg corr covar_pop covar_samp empty_approx_set
    evaluate_classifier_predictions features from_encoded_polyline from_geojson_geometry
    geometric_mean geometry_from_hadoop_shape geometry_invalid_reason geometry_nearest_points
    geometry_to_bing_tiles geometry_union geometry_union_agg great_circle_distance hamming_distance
    histogram hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 inverse_beta_cdf inverse_normal_cdf
    beta_cdf normal_cdf json_array json_exists json_object json_query json_value json_table
    kurtosis skewness learn_classifier learn_libsvm_classifier learn_libsvm_regressor
    learn_regressor line_interpolate_point line_interpolate_points line_locate_point listagg
    make_set_digest merge merge_set_digest intersection_cardinality jaccard_index
    hash_counts multimap_agg multimap_from_entries map_union multiset murmur3 ngrams
    numeric_histogram qdigest_agg tdigest_agg quantile_at_rank value_at_quantile values_at_quantiles
    regr_intercept regr_slope regress render bar rgb simplify_geometry spatial_partitioning
    spatial_partitions spooky_hash_v2_32 spooky_hash_v2_64 st_area st_asbinary st_astext
    st_boundary st_buffer st_centroid st_contains st_convexhull st_coorddim st_crosses st_difference
    st_dimension st_disjoint st_distance st_endpoint st_envelope st_envelopeaspts st_equals
    st_exteriorring st_geometries st_geometryfromtext st_geometryn st_geometrytype
    st_geomfrombinary st_interiorringn st_interiorrings st_intersection st_intersects st_isclosed
    st_isempty st_isring st_issimple st_isvalid st_length st_linefromtext st_linestring st_multipoint
    st_numgeometries st_numinteriorring st_numpoints st_overlaps st_point st_pointn st_points
    st_polygon st_relate st_startpoint st_symdifference st_touches st_union st_within st_x st_xmax
    st_xmin st_y st_ymax st_ymin to_encoded_polyline to_geojson_geometry to_geometry
    to_spherical_geography timezone_hour timezone_minute try_catch uuid version
    word_stem wilson_interval_lower wilson_interval_upper reduce_agg any_value
    human_readable_seconds parse_duration parse_data_size parse_presto_data_size to_milliseconds
    format format_number date_parse format_datetime parse_datetime from_iso8601_date
    from_iso8601_timestamp from_iso8601_timestamp_nanos from_unixtime_nanos to_iso8601 to_unixtime
    with_timezone current_timezone current_time localtime localtimestamp last_day_of_month
    json_array_contains json_array_get json_array_length json_extract json_format json_parse
    json_size is_json_scalar array_agg array_distinct array_except array_histogram array_intersect
    array_join array_max array_min array_position array_remove array_sort array_union arrays_overlap
    all_match any_match none_match cardinality combinations concat_ws contains filter flatten
    reduce repeat reverse sequence shuffle slice transform trim_array zip zip_with map map_agg
    map_concat map_entries map_filter map_from_entries map_keys map_values map_zip_with
    transform_keys transform_values split_to_map split_to_multimap element_at
    abs acos asin atan atan2 bit_count bitwise_and bitwise_left_shift bitwise_not bitwise_or
    bitwise_right_shift bitwise_right_shift_arithmetic bitwise_xor cbrt ceil ceiling cos cosh
    cosine_similarity degrees e exp floor from_base greatest infinity is_finite is_infinite is_nan
    least ln log log10 log2 mod nan pi pow power radians rand random round sign sin sinh sqrt tan
    tanh to_base truncate width_bucket crc32 md5 sha1 sha256 sha512 xxhash64 from_base32 from_base64
    from_base64url from_big_endian_32 from_big_endian_64 from_hex from_ieee754_32 from_ieee754_64
    to_base32 to_base64 to_base64url to_big_endian_32 to_big_endian_64 to_hex to_ieee754_32
    to_ieee754_64 cume_dist first_value last_value lead nth_value ntile percent_rank stddev
    stddev_pop stddev_samp variance var_pop var_samp bool_and bool_or every arbitrary count_if
    max_by min_by typeof luhn_check soundex translate normalize to_utf8 from_utf8
    """.split()
)
