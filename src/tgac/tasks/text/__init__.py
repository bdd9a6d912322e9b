"""What an author writes becomes what may leave: spintax, Liquid, Telegram HTML, and the last gate."""
