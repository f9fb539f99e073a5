"""A simulated ERP: items, stock books, invoices, credit notes, what is owed to suppliers."""
