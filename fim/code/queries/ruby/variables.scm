(assignment left: (identifier) @name right: (_) @value)
(operator_assignment left: (identifier) @name right: (_) @value)
(keyword_parameter name: (identifier) @name value: (_)? @value)
(optional_parameter name: (identifier) @name value: (_) @value)
(method_parameters (identifier) @name)
(call
  receiver: (_) @element
  method: (identifier) @each
  block: (_ parameters: (block_parameters . (identifier) @name))
  (#any-of? @each "each" "map" "select" "reject" "find" "detect" "flat_map" "any?" "all?" "each_with_index"
    "each_with_object" "filter_map" "sort_by" "group_by" "find_each" "sum" "partition" "min_by" "max_by"))
(call
  receiver: (_) @value
  method: (identifier) @each
  block: (_ parameters: (block_parameters . (identifier) @name))
  (#any-of? @each "tap" "then" "new" "yield_self"))
(rescue (exceptions . (_) @value) (exception_variable (identifier) @name))
(for pattern: (identifier) @name value: (in (_) @element))
(comment) @comment
