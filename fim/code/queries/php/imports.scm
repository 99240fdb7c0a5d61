(namespace_definition name: (_) @package)
(namespace_use_declaration
  !body
  (namespace_use_clause (qualified_name prefix: (_) @module (name) @name .) alias: (name)? @alias)) @import
(namespace_use_declaration !body (namespace_use_clause . (name) @module alias: (name)? @alias)) @import
(namespace_use_declaration
  (namespace_name) @module
  body: (namespace_use_group (namespace_use_clause . (name) @name alias: (name)? @alias))) @import
(namespace_use_declaration
  (namespace_name) @module
  body: (namespace_use_group
    (namespace_use_clause (qualified_name prefix: (_) @inner (name) @name .) alias: (name)? @alias))) @import

; Files by their path.
(_
  [
    (require_once_expression (binary_expression left: (_) right: (string) @module))
    (require_expression (binary_expression left: (_) right: (string) @module))
    (include_once_expression (binary_expression left: (_) right: (string) @module))
    (include_expression (binary_expression left: (_) right: (string) @module))
    (require_once_expression (string) @module)
    (require_expression (string) @module)
    (include_once_expression (string) @module)
    (include_expression (string) @module)
  ] @star @reexport) @import
