(parameter pattern: (identifier) @name type: (_) @type)
(let_declaration pattern: (identifier) @name type: (_) @type)
(let_declaration pattern: (identifier) @name !type value: (_) @value)
(let_declaration pattern: (tuple_pattern . (identifier) @name) value: (_) @value)
; `if let Some(x) = …`, `while let Ok(x) = …`, `let Some(x) = … else`
(let_condition pattern: (tuple_struct_pattern type: (_) . (identifier) @name .) value: (_) @value)
(let_condition pattern: (tuple_struct_pattern type: (_) . (ref_pattern (identifier) @name) .) value: (_) @value)
(let_declaration pattern: (tuple_struct_pattern type: (_) . (identifier) @name .) value: (_) @value)
(match_expression
  value: (_) @value
  body: (match_block (match_arm pattern: (match_pattern (tuple_struct_pattern
    type: (identifier) @_wrap . (identifier) @name .))))
  (#any-of? @_wrap "Some" "Ok"))
(for_expression pattern: (identifier) @name value: (_) @element)
(for_expression pattern: (reference_pattern (identifier) @name) value: (_) @element)
(for_expression pattern: (tuple_pattern (_) . (identifier) @name .) value: (_) @element)
