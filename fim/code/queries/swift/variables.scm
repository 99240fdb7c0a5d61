(parameter
  name: (simple_identifier) @name
  [(user_type) (optional_type) (array_type) (dictionary_type) (tuple_type) (function_type) (opaque_type)
         (existential_type) (protocol_composition_type)] @type)
(property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)
  . (type_annotation (_) @type))
(property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)
  . value: (_) @value)
(if_statement bound_identifier: (simple_identifier) @name . "=" . (_) @value)
(guard_statement bound_identifier: (simple_identifier) @name . "=" . (_) @value)
(while_statement bound_identifier: (simple_identifier) @name . "=" . (_) @value)
(for_statement item: (pattern bound_identifier: (simple_identifier) @name) collection: (_) @element)
(lambda_parameter name: (simple_identifier) @name (user_type) @type)
