"""The only caller of Telegram: its types, its faults, its pace, its links."""
