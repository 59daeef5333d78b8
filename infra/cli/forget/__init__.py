"""`lake forget`: a person is taken out of every place that holds their id."""
