"""One service alone, in as many processes as are wanted, on PostgreSQL and Kafka servers elsewhere: the other composition root."""
