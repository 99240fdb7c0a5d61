(variable_declarator
  name: (identifier) @name
  value: [(call_expression) (new_expression) (await_expression) (member_expression) (identifier) (subscript_expression)
          (this) (binary_expression) (parenthesized_expression)] @value
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
  value: [(call_expression) (await_expression) (member_expression) (identifier) (this)] @value
  (#not-match? @value "^(await\\s+import|require)\\s*\\("))
; What a comment tells of the type.
(variable_declarator name: (identifier) @name (comment) @doc_type value: (_) (#match? @doc_type "@type"))
((comment) @doc_type . (lexical_declaration . (variable_declarator name: (identifier) @name)) (#match? @doc_type "@type"))
(formal_parameters (comment) @doc_type . (identifier) @name (#match? @doc_type "@type"))
(assignment_pattern left: (identifier) @name right: [(new_expression) (call_expression) (identifier)] @value)
(formal_parameters (identifier) @name)
(arrow_function parameter: (identifier) @name)
(for_in_statement left: (identifier) @name right: (_) @element)
(call_expression
  function: (member_expression object: (_) @element property: (property_identifier) @each)
  arguments: (arguments .
    [(arrow_function parameter: (identifier) @name)
     (arrow_function parameters: (formal_parameters . (identifier) @name))
     (function_expression parameters: (formal_parameters . (identifier) @name))])
  (#any-of? @each "map" "forEach" "filter" "find" "some" "every" "flatMap" "findIndex"))
(call_expression
  function: (member_expression object: (_) @value property: (property_identifier) @each)
  arguments: (arguments .
    [(arrow_function parameter: (identifier) @name)
     (arrow_function parameters: (formal_parameters . (identifier) @name))])
  (#eq? @each "then"))
(comment) @comment
