; inherits: ecma
(class_declaration
  name: (type_identifier) @name
  (class_heritage (extends_clause value: (_) @base))?
  body: (class_body) @body) @definition.class
(abstract_class_declaration
  name: (type_identifier) @name
  (class_heritage (extends_clause value: (_) @base))?
  body: (class_body) @body) @definition.class
(class_declaration name: (_) @name (class_heritage (implements_clause (_) @base))) @definition.class
(abstract_class_declaration name: (_) @name (class_heritage (implements_clause (_) @base))) @definition.class
(variable_declarator
  name: (identifier) @name
  value: (class (class_heritage (extends_clause value: (_) @base))? body: (class_body) @body)) @definition.class
(export_statement
  "default" @name
  value: (class (class_heritage (extends_clause value: (_) @base))? body: (class_body) @body)) @definition.class
(interface_declaration
  name: (type_identifier) @name
  (extends_type_clause type: (_) @base)?
  body: (_) @body) @definition.class
(interface_body (property_signature name: (_) @name type: (type_annotation (_) @type)?) @definition.field)
(interface_body
  (method_signature
    name: (_) @name
    parameters: (_) @parameters
    return_type: (type_annotation (_) @type)?) @definition.function)

; A type: an object's is a class, any other stands for what it names.
(type_alias_declaration name: (type_identifier) @name value: (object_type) @body) @definition.class
(type_alias_declaration
  name: (type_identifier) @name
  value: (intersection_type [(type_identifier) (generic_type) (nested_type_identifier)] @base)) @definition.class
(type_alias_declaration
  name: (type_identifier) @name
  value: (intersection_type (intersection_type [(type_identifier) (generic_type)] @base))) @definition.class
(type_alias_declaration name: (type_identifier) @name value: (intersection_type (object_type))) @definition.class
(type_alias_declaration
  name: (type_identifier) @name
  value: [(type_identifier) (generic_type) (nested_type_identifier) (union_type) (array_type) (readonly_type)
          (parenthesized_type)] @base) @definition.type
(type_alias_declaration name: (type_identifier) @name value: (_)) @definition.type
(object_type (property_signature name: (_) @name @declared type: (type_annotation (_) @type)?) @definition.field)
(object_type
  (method_signature
    name: (_) @name
    parameters: (_) @parameters
    return_type: (type_annotation (_) @type)?) @definition.function)
(enum_declaration name: (identifier) @name body: (_) @body) @definition.class
(enum_body name: (_) @name @definition.constant)
(enum_assignment name: (_) @name value: (_) @value) @definition.constant
(internal_module name: (_) @name body: (_) @body) @definition.module
(module name: (identifier) @name body: (_) @body) @definition.module
[
  (function_declaration name: (identifier) @name parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
  (generator_function_declaration name: (identifier) @name parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
] @definition.function
(variable_declarator
  name: (identifier) @name
  value: [
    (arrow_function parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (function_expression parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
    (generator_function parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
  ]) @definition.function
(export_statement
  "default" @name
  value: [
    (arrow_function parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (function_expression parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
  ]) @definition.function

; Members of classes, and the fields that their methods set.
(class_body
  (method_definition
    name: [(property_identifier) (private_property_identifier)] @name
    parameters: (_) @parameters
    return_type: (type_annotation (_) @type)?
    body: (_) @body) @definition.function)
(class_body
  (public_field_definition
    name: (_) @name
    value: [
      (arrow_function parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
      (function_expression parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
    ]) @definition.function)
(class_body
  (public_field_definition
    name: (_) @name
    type: (type_annotation (_) @type)?
    value: (_)? @value) @definition.field)

; Constants; what is required is an import.
(program
  (_
    (variable_declarator name: (identifier) @name type: (type_annotation (_) @type)? value: (_)? @value) @definition.constant)
  (#not-match? @value "^(await\\s+import|require)\\s*\\("))
(program
  (export_statement
    (_
      (variable_declarator name: (identifier) @name type: (type_annotation (_) @type)? value: (_)? @value) @definition.constant))
  (#not-match? @value "^(await\\s+import|require)\\s*\\("))

; Objects: what they hold are members.
(program
  (_ (variable_declarator
    name: (identifier) @name
    !type
    value: (object (spread_element (identifier) @base)?) @body) @definition.class))
(program
  (export_statement
    (_ (variable_declarator
      name: (identifier) @name
      !type
      value: (object (spread_element (identifier) @base)?) @body) @definition.class)))
(variable_declarator
  value: (object
    (method_definition name: (property_identifier) @name parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
      @definition.function))
(variable_declarator
  value: (object
    (pair
      key: (property_identifier) @name
      value: [
        (arrow_function parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
        (function_expression parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
      ]) @definition.function))
(export_statement
  value: (object
    (method_definition name: (property_identifier) @name parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
      @definition.function))
(export_statement
  value: (object
    (pair
      key: (property_identifier) @name
      value: [
        (arrow_function parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
        (function_expression parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
      ]) @definition.function))

; The same `as const`, or with `satisfies`.
(variable_declarator
  value: (_ .
    (object
      (method_definition
        name: (property_identifier) @name
        parameters: (_) @parameters
        return_type: (type_annotation (_) @type)?
        body: (_) @body) @definition.function)))
(program
  (_ (variable_declarator
    name: (identifier) @name
    !type
    value: [(as_expression . (object)) (satisfies_expression . (object))] @body) @definition.class))
(program
  (export_statement
    (_ (variable_declarator
      name: (identifier) @name
      !type
      value: [(as_expression . (object)) (satisfies_expression . (object))] @body) @definition.class)))
(program
  (export_statement
    (_ (variable_declarator
      name: (identifier) @owner
      value: [
        (as_expression . (object (pair key: (property_identifier) @name value: (_) @value) @definition.field))
        (satisfies_expression . (object (pair key: (property_identifier) @name value: (_) @value) @definition.field))
      ]))))
(program
  (_ (variable_declarator
    name: (identifier) @owner
    value: [
      (as_expression . (object (pair key: (property_identifier) @name value: (_) @value) @definition.field))
      (satisfies_expression . (object (pair key: (property_identifier) @name value: (_) @value) @definition.field))
    ])))

; CommonJS: `exports.name =`, `module.exports.name =`, and what `module.exports` is set to.
(assignment_expression
  left: (member_expression object: (_) @exports property: (property_identifier) @name)
  right: [
    (function_expression parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
    (arrow_function parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
  ]
  (#any-of? @exports "exports" "module.exports")) @definition.function
(assignment_expression
  left: (member_expression object: (_) @exports property: (property_identifier) @name)
  right: (class (class_heritage (extends_clause value: (_) @base))? body: (class_body) @body)
  (#any-of? @exports "exports" "module.exports")) @definition.class
(assignment_expression
  left: (member_expression object: (identifier) @module property: (property_identifier) @exports)
  right: [
    (function_expression name: (identifier) @name parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
    (class name: (type_identifier) @name (class_heritage (extends_clause value: (_) @base))? body: (_) @body)
  ] @definition.function
  (#eq? @module "module") (#eq? @exports "exports"))
(assignment_expression
  left: (member_expression object: (identifier) @module property: (property_identifier) @name)
  right: [
    (function_expression !name parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
    (arrow_function parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
  ]
  (#eq? @module "module") (#eq? @name "exports")) @definition.function
(assignment_expression
  left: (member_expression object: (identifier) @module property: (property_identifier) @name)
  right: (class !name (class_heritage (extends_clause value: (_) @base))? body: (_) @body)
  (#eq? @module "module") (#eq? @name "exports")) @definition.class
(assignment_expression
  left: (member_expression object: (identifier) @module property: (property_identifier) @exports)
  right: (object
    [
      (method_definition name: (property_identifier) @name parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
      (pair
        key: (property_identifier) @name
        value: [
          (arrow_function parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
          (function_expression parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
        ])
    ] @definition.function)
  (#eq? @module "module") (#eq? @exports "exports"))

; Members that are set from outside: on the prototype, on the class, on an object.
(assignment_expression
  left: (member_expression
    object: (member_expression object: (identifier) @owner property: (property_identifier) @prototype)
    property: (property_identifier) @name)
  right: [
    (function_expression parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
    (arrow_function parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
    (_)
  ]
  (#eq? @prototype "prototype")) @definition.function
(assignment_expression
  left: (member_expression object: (identifier) @owner property: (property_identifier) @prototype)
  right: (object
    [
      (method_definition name: (property_identifier) @name parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
      (pair
        key: (property_identifier) @name
        value: (function_expression parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body))
    ] @definition.function)
  (#eq? @prototype "prototype"))
(program
  (expression_statement
    (assignment_expression
      left: (member_expression object: (identifier) @owner property: (property_identifier) @name)
      right: [
        (function_expression parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
        (arrow_function parameters: (_) @parameters return_type: (type_annotation (_) @type)? body: (_) @body)
    (arrow_function parameter: (_) @parameters body: (_) @body)
      ]
      (#not-match? @owner "^(module|exports|window|global|globalThis)$")) @definition.function))

; Declarations without a body, and overloads.
(function_signature
  name: (identifier) @name
  parameters: (_) @parameters
  return_type: (type_annotation (_) @type)?) @definition.function
(class_body
  (method_signature
    name: (_) @name
    parameters: (_) @parameters
    return_type: (type_annotation (_) @type)?) @definition.function)
(class_body
  (abstract_method_signature
    name: (_) @name
    parameters: (_) @parameters
    return_type: (type_annotation (_) @type)?) @definition.function)
(ambient_declaration
  (_ (variable_declarator name: (identifier) @name type: (type_annotation (_) @type)?) @definition.constant))
(statement_block
  (export_statement
    (_ (variable_declarator
      name: (identifier) @name
      type: (type_annotation (_) @type)?
      value: [(string) (number) (new_expression) (call_expression) (array) (object) (as_expression)]? @value)
        @definition.constant)))

; Parameters of a constructor that are fields.
(class_body
  (method_definition
    parameters: (formal_parameters
      [
        (required_parameter
          [(accessibility_modifier) "readonly"]
          pattern: (identifier) @name
          type: (type_annotation (_) @type)?) @definition.field
        (optional_parameter
          [(accessibility_modifier) "readonly"]
          pattern: (identifier) @name
          type: (type_annotation (_) @type)?) @definition.field
      ])))
