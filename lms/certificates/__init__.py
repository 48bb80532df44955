"""Papers that are issued: their facts, their signature, their record and their check."""
