"""What orders announce."""

ORDER_ENTERED = "OrderEntered"  # {"order": number}
