"""What the SDK writes to disk and sends to the server; the server imports it too."""
