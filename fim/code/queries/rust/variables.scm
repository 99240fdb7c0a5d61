(parameter pattern: (identifier) @name type: (_) @type)
(let_declaration pattern: (identifier) @name type: (_) @type)
(let_declaration pattern: (identifier) @name !type value: (_) @value)
(let_declaration pattern: (tuple_pattern . (identifier) @name) value: (_) @value)
; `if let Some(x) = …`, `while let Ok(x) = …`, `let Some(x) = … else`
(let_condition pattern: (tuple_struct_pattern type: (identifier) . (identifier) @name .) value: (_) @value)
(let_condition pattern: (tuple_struct_pattern type: (identifier) . (ref_pattern (identifier) @name) .) value: (_) @value)
(let_declaration pattern: (tuple_struct_pattern type: (identifier) . (identifier) @name .) value: (_) @value)
(match_expression
  value: (_) @value
  body: (match_block (match_arm pattern: (match_pattern (tuple_struct_pattern
    type: (identifier) @_wrap . (identifier) @name .))))
  (#any-of? @_wrap "Some" "Ok"))
(for_expression pattern: (identifier) @name value: (_) @element)
(for_expression pattern: (reference_pattern (identifier) @name) value: (_) @element)
(for_expression pattern: (tuple_pattern (_) . (identifier) @name .) value: (_) @element)
; `items.iter().map(|item| …)`
(call_expression
  function: (field_expression value: (_) @element)
  arguments: (arguments . (closure_expression
    parameters: (closure_parameters . [(identifier) @name (reference_pattern (identifier) @name)] .))))
(closure_parameters (parameter pattern: (identifier) @name type: (_) @type))
; A type parameter stands for its first bound.
(type_parameter name: (type_identifier) @name bounds: (trait_bounds . (_) @type))
(where_predicate left: (type_identifier) @name bounds: (trait_bounds . (_) @type))
(match_expression
  value: (_) @value
  body: (match_block (match_arm pattern: (match_pattern (tuple_struct_pattern
    type: (identifier) @_wrap . (ref_pattern (identifier) @name) .))))
  (#any-of? @_wrap "Some" "Ok"))
; What a variant of an enumeration holds: `Shape::Round(circle) => …`
(tuple_struct_pattern type: (scoped_identifier) @value . [
  (identifier) @name
  (ref_pattern (identifier) @name)
  (ref_pattern (mut_pattern (identifier) @name))
  (mut_pattern (identifier) @name)])
