(import) @import @path
(package_header (qualified_identifier) @package)
