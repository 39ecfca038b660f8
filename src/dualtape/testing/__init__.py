"""Machine checks of derivatives, and the sample inputs that every primitive is checked on."""
