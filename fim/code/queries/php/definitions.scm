(class_declaration name: (name) @name (base_clause (_) @base)? body: (_) @body) @definition.class
(class_declaration name: (name) @name (class_interface_clause (_) @base)) @definition.class
(class_declaration name: (name) @name body: (declaration_list (use_declaration (_) @base))) @definition.class
(interface_declaration name: (name) @name (base_clause (_) @base)? body: (_) @body) @definition.class
(trait_declaration name: (name) @name body: (_) @body) @definition.class
(trait_declaration name: (name) @name body: (declaration_list (use_declaration (_) @base))) @definition.class
(enum_declaration name: (name) @name (class_interface_clause (_) @base)? body: (_) @body) @definition.class
(enum_declaration name: (name) @name body: (enum_declaration_list (use_declaration (_) @base))) @definition.class
(enum_case name: (name) @name value: (_)? @value) @definition.constant

(method_declaration
  name: (name) @name
  parameters: (_) @parameters
  return_type: (_)? @type
  body: (_)? @body) @definition.function
(function_definition
  name: (name) @name
  parameters: (_) @parameters
  return_type: (_)? @type
  body: (_) @body) @definition.function

; What a function without a type returns, where it is one new object, or `$this`.
(method_declaration
  name: (name) @name
  !return_type
  body: (compound_statement
    (return_statement [(object_creation_expression . (name) @type) (variable_name (name) @type)] .)
    (#not-match? @type "^[a-su-z_]"))) @definition.function
(function_definition
  name: (name) @name
  !return_type
  body: (compound_statement (return_statement (object_creation_expression . (name) @type)))) @definition.function

(property_declaration
  type: (_)? @type
  (property_element name: (variable_name (name) @name) default_value: (_)? @value)) @definition.field
(property_declaration
  (static_modifier)
  type: (_)? @type
  (property_element name: (variable_name) @name default_value: (_)? @value)) @definition.field
(property_promotion_parameter type: (_)? @type name: (variable_name (name) @name)) @definition.field
(assignment_expression
  left: (member_access_expression object: (variable_name (name) @self) name: (name) @name)
  right: (_) @value
  (#eq? @self "this")) @definition.field

(const_declaration type: (_)? @type (const_element . (name) @name (_) @value)) @definition.constant
(expression_statement
  (function_call_expression
    function: (name) @define
    arguments: (arguments . (argument (string (string_content) @name)) (argument (_) @value)))
  (#eq? @define "define")) @definition.constant
