(class_declaration name: (identifier) @name body: (_)? @body) @definition.class
(struct_declaration name: (identifier) @name body: (_)? @body) @definition.class
(interface_declaration name: (identifier) @name body: (_)? @body) @definition.class
(record_declaration name: (identifier) @name body: (_)? @body) @definition.class
(enum_declaration name: (identifier) @name body: (_)? @body) @definition.class
([(class_declaration
    name: (identifier) @name
    (base_list [(identifier) @base (generic_name) @base (qualified_name) @base (primary_constructor_base_type type: (_) @base)]))
  (struct_declaration name: (identifier) @name (base_list [(identifier) (generic_name) (qualified_name)] @base))
  (interface_declaration name: (identifier) @name (base_list [(identifier) (generic_name) (qualified_name)] @base))
  (record_declaration
    name: (identifier) @name
    (base_list
      [(identifier) @base (generic_name) @base (qualified_name) @base (primary_constructor_base_type type: (_) @base)]))]
  @definition.class)
(delegate_declaration type: (_) @type name: (identifier) @name parameters: (_) @parameters) @definition.type
(namespace_declaration name: (_) @name body: (_) @body) @definition.module

(method_declaration
  returns: (_) @type
  name: (identifier) @name
  parameters: (_) @parameters
  body: (_)? @body) @definition.function
(constructor_declaration name: (identifier) @name parameters: (_) @parameters body: (_)? @body) @definition.function
; Methods that are called on values of a type without being its members.
(method_declaration
  name: (identifier) @name
  parameters: (parameter_list
    . (parameter
      (modifier) @_this
      type: [(identifier) @receiver
             (generic_name . (identifier) @receiver)
             (qualified_name name: (identifier) @receiver)
             (nullable_type type: (identifier) @receiver)]))
  (#eq? @_this "this")) @definition.function

(property_declaration type: (_) @type name: (identifier) @name) @definition.constant
(field_declaration
  (variable_declaration
    type: (_) @type
    (variable_declarator name: (identifier) @name))) @definition.constant
(event_field_declaration
  (variable_declaration
    type: (_) @type
    (variable_declarator name: (identifier) @name))) @definition.constant
(enum_declaration
  name: (identifier) @type
  body: (enum_member_declaration_list (enum_member_declaration name: (identifier) @name) @definition.constant))
(record_declaration
  (parameter_list (parameter type: (_) @type name: (identifier) @name) @definition.constant))
