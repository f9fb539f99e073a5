"""Bytes to plain trees and back; syntax only, no business."""
