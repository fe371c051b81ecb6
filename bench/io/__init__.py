"""Bytes in and out: files, downloads, archives, images. Knows no method and no dataset; every command uses it.

* ``atomic``: files that appear whole or not at all.
* ``beginnings``: what a file is by its first bytes.
* ``cache``: the folder of what can be made again.
* ``colours``: messages on a terminal that has colours.
* ``collector``: Python's search for unused cycles of objects, left out.
* ``download``: fetching a file over HTTP, resumed and checked.
* ``first_hashes``: hashes of downloads, compared with the first.
* ``files``: folders, archives and URLs read as one kind of folder.
* ``hashing``: short hashes of bytes, values and files.
* ``damage``: damaged files and raw previews that Pillow would pass.
* ``images``: decoding and resizing.
* ``libtiff``: what libtiff says of a damaged file.
* ``machine``: what this machine has free.
* ``patterns``: regular expressions of cards, within a bound of time.
* ``processes``: ending processes, with what they started.
* ``progress``: progress bars on stderr.
* ``shipped``: finding data files that come with the package.
* ``toml``: TOML and JSON tables to dataclasses.
* ``unpacking``: archives unpacked into a folder.
* ``visible``: texts of others that act on no terminal, line or spreadsheet.
* ``web``: HTTP requests that end, whatever the server does.
* ``web_file``: parts of a file on a server.
* ``web_folder``: the names in a folder on a server.
* ``memory``: images in memory (PIL, arrays, tensors) as photographs.
"""
