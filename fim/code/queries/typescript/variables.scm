(variable_declarator
  name: (identifier) @name
  !type
  value: [(call_expression) (new_expression) (await_expression) (member_expression) (identifier) (subscript_expression)
          (this) (binary_expression) (parenthesized_expression) (non_null_expression)] @value
  (#not-match? @value "^(await\\s+import|require)\\s*\\("))
(assignment_expression
  left: (identifier) @name
  right: [(call_expression) (new_expression) (await_expression) (member_expression) (identifier) (this)] @value)
(variable_declarator
  name: (object_pattern
    [
      (shorthand_property_identifier_pattern) @name @member
      (object_assignment_pattern left: (shorthand_property_identifier_pattern) @name @member)
      (pair_pattern key: (property_identifier) @member value: (identifier) @name)
    ])
  value: [(call_expression) (await_expression) (member_expression) (identifier) (this) (non_null_expression)] @value
  (#not-match? @value "^(await\\s+import|require)\\s*\\("))
(required_parameter pattern: (identifier) @name type: (type_annotation (_) @type)? value: (_)? @value)
(optional_parameter pattern: (identifier) @name type: (type_annotation (_) @type)?)
(required_parameter
  pattern: (object_pattern
    [
      (shorthand_property_identifier_pattern) @name @member
      (object_assignment_pattern left: (shorthand_property_identifier_pattern) @name @member)
      (pair_pattern key: (property_identifier) @member value: (identifier) @name)
    ])
  type: (type_annotation (_) @type))
(variable_declarator name: (identifier) @name type: (type_annotation (_) @type))
(variable_declarator name: (identifier) @name value: [(as_expression (_) (_) @type) (satisfies_expression (_) (_) @type)])
(arrow_function parameter: (identifier) @name)
(for_in_statement left: (identifier) @name right: (_) @element)
(call_expression
  function: (member_expression object: (_) @element property: (property_identifier) @each)
  arguments: (arguments .
    [(arrow_function parameter: (identifier) @name)
     (arrow_function parameters: (formal_parameters . (required_parameter pattern: (identifier) @name !type)))
     (function_expression parameters: (formal_parameters . (required_parameter pattern: (identifier) @name !type)))])
  (#any-of? @each "map" "forEach" "filter" "find" "some" "every" "flatMap" "findIndex"))
(call_expression
  function: (member_expression object: (_) @value property: (property_identifier) @each)
  arguments: (arguments .
    [(arrow_function parameter: (identifier) @name)
     (arrow_function parameters: (formal_parameters . (required_parameter pattern: (identifier) @name !type)))])
  (#eq? @each "then"))
(catch_clause parameter: (identifier) @name)
