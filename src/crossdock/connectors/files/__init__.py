"""Systems that exchange files: folders here or on an SFTP server, of CSV, XLSX, JSON and XML."""
