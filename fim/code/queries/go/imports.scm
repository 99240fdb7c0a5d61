(import_spec !name path: (_) @module) @import
(import_spec name: (package_identifier) @alias path: (_) @module) @import
(import_spec name: (dot) @star path: (_) @module) @import
(package_clause (package_identifier) @package)
