(import_declaration) @import @path
(export_declaration) @import @path @reexport
(package_clause name: (_) @package)
