"""The way of one message: receive, translate, check, route, render, transmit, confirm, retry."""
