"""What a field's frames say of themselves and of the objects in them."""
