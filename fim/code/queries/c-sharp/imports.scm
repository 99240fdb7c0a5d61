(using_directive !name [(identifier) (qualified_name) (alias_qualified_name)] @module @star) @import
(using_directive name: (identifier) @alias (qualified_name qualifier: (_) @module name: (_) @name)) @import
(file_scoped_namespace_declaration name: (_) @package)
(namespace_declaration name: (_) @package)
