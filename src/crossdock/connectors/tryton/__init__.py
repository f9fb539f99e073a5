"""Tryton 8, an ERP, by JSON-RPC: items, customers, sales and releases out of it; shipments and sales into it."""
