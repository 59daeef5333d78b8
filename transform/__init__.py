"""What happens to a like on its way: pure functions, with the Lambda edges in `handlers`."""
