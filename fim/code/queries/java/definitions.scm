; Types. Each pattern of a type names one kind of base.
(class_declaration name: (identifier) @name superclass: (superclass (_) @base)? body: (_) @body) @definition.class
(class_declaration name: (identifier) @name interfaces: (super_interfaces (type_list (_) @base))) @definition.class
(interface_declaration name: (identifier) @name body: (_) @body) @definition.class
(interface_declaration name: (identifier) @name (extends_interfaces (type_list (_) @base))) @definition.class
(enum_declaration name: (identifier) @name body: (_) @body) @definition.class
(enum_declaration name: (identifier) @name interfaces: (super_interfaces (type_list (_) @base))) @definition.class
(record_declaration name: (identifier) @name parameters: (_) @parameters body: (_) @body) @definition.class
(record_declaration name: (identifier) @name interfaces: (super_interfaces (type_list (_) @base))) @definition.class
(annotation_type_declaration name: (identifier) @name body: (_) @body) @definition.class

(method_declaration
  type: (_) @type
  name: (identifier) @name
  parameters: (_) @parameters
  body: (_)? @body) @definition.function
(constructor_declaration name: (identifier) @name parameters: (_) @parameters body: (_) @body) @definition.function
(annotation_type_element_declaration type: (_) @type name: (identifier) @name) @definition.function

(field_declaration
  type: (_) @type
  declarator: (variable_declarator name: (identifier) @name value: (_)? @value)) @definition.constant
(constant_declaration
  type: (_) @type
  declarator: (variable_declarator name: (identifier) @name value: (_)? @value)) @definition.constant
(enum_declaration
  name: (identifier) @type
  body: (enum_body (enum_constant name: (identifier) @name) @definition.constant))
(record_declaration
  parameters: (formal_parameters (formal_parameter type: (_) @type name: (identifier) @name) @definition.constant))
