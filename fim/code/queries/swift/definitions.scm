(class_declaration name: (type_identifier) @name body: (_) @body) @definition.class
(class_declaration name: (type_identifier) @name (inheritance_specifier inherits_from: (_) @base)) @definition.class
(protocol_declaration name: (type_identifier) @name body: (_) @body) @definition.class
(protocol_declaration name: (type_identifier) @name (inheritance_specifier inherits_from: (_) @base)) @definition.class

; What an extension holds belongs to the type it extends.
(class_declaration name: (user_type (type_identifier) @name .) body: (_) @body) @definition.scope
(class_declaration name: (user_type (type_identifier) @name . (type_arguments) .) body: (_) @body) @definition.scope
(class_declaration
  name: (user_type (type_identifier) @name .)
  (inheritance_specifier inherits_from: (_) @base)) @definition.scope

(function_declaration
  name: [(simple_identifier) (custom_operator)] @name
  (parameter)* @parameters
  name: [(user_type) (optional_type) (array_type) (dictionary_type) (tuple_type) (function_type) (opaque_type)
         (existential_type) (protocol_composition_type)]? @type
  body: (_)? @body) @definition.function
(protocol_function_declaration
  name: (simple_identifier) @name
  (parameter)* @parameters
  name: [(user_type) (optional_type) (array_type) (dictionary_type) (tuple_type) (function_type) (opaque_type)
         (existential_type) (protocol_composition_type)]? @type) @definition.function
(init_declaration "init" @name (parameter)* @parameters body: (_)? @body) @definition.function
(subscript_declaration "subscript" @name (parameter)* @parameters (computed_property)? @body) @definition.function

(class_body
  (property_declaration
    name: (pattern bound_identifier: (simple_identifier) @name)
    . (type_annotation (_) @type)?
    value: (_)? @value
    computed_value: (_)? @body) @definition.field)
(enum_class_body
  (property_declaration
    name: (pattern bound_identifier: (simple_identifier) @name)
    . (type_annotation (_) @type)?
    value: (_)? @value
    computed_value: (_)? @body) @definition.field)
(source_file
  (property_declaration
    name: (pattern bound_identifier: (simple_identifier) @name)
    . (type_annotation (_) @type)?
    value: (_)? @value
    computed_value: (_)? @body) @definition.constant)
(protocol_property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)
  (type_annotation (_) @type)?) @definition.field
(enum_entry name: (simple_identifier) @name data_contents: (_)? @parameters) @definition.constant
(typealias_declaration name: (type_identifier) @name name: (_) @base) @definition.type
(associatedtype_declaration name: (type_identifier) @name) @definition.type
