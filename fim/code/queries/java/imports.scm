(import_declaration (scoped_identifier scope: (_) @module name: (identifier) @name) .) @import
(import_declaration [(scoped_identifier) (identifier)] @module (asterisk) @star) @import
(package_declaration [(scoped_identifier) (identifier)] @package)
