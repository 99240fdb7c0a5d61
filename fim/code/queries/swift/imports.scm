(import_declaration (identifier . (simple_identifier) @module)) @import @star
