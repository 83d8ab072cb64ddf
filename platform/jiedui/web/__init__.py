"""What all pages stand on: layout, components, forms, errors, headers, language."""
