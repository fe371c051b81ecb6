"""Runs: methods score datasets, and the scores are stored. Serves `bench run`, `score`, `import` and `results`.

* ``loading``: from names and options to loaded methods.
* ``jobs``: images to score, methods to score them by, and outcomes.
* ``devices``: devices of networks, from what users type.
* ``debugging``: the first failure of a run, with the method's own lines.
* ``decoding``: decoding ahead of scoring, within a bound of pixels.
* ``batches``: decoded photos to scores, in batches that fit.
* ``workers``: scoring in processes, which no image stops.
* ``worker``: what such a process does.
* ``worker_handle``: such a process as the run sees it.
* ``culprits``: images that end the process which scores them.
* ``cluster``: scoring by the workers of a Dask cluster.
* ``cluster_connection``: the connection to its scheduler.
* ``cluster_worker``: what such a worker does.
* ``versions``: versions of what scores may depend on.
* ``scoring``: scoring images, in one process or several.
* ``image_scores``: scores of images now, with nothing stored.
* ``score_table``: a CSV of scores that grows as images are scored.
* ``survey``: hashes and sizes of image files, read before any is scored.
* ``runner``: methods × datasets into the store.
* ``store``: the folder of stored results; ``twins``: datasets in it that are the same under another name.
* ``entry``: one stored result, with typed access to its sidecar.
* ``columns``: the columns of its Parquet file.
* ``journal``: the outcomes of a run that is not complete.
* ``locks``: one process writes to an entry, or removes it.
* ``checksums``: checksums inside the files of a stored result.
* ``importing``: scores that somebody else computed, as stored results.
* ``monitoring``: SRCC with people's scores while a method is trained.
* ``speed``: images a second of a stored result.
* ``global_state``: state that scoring sets for the whole process, restored afterwards.
* ``score_files``: storing a CSV of scores that somebody else computed.
* ``selection``: choosing stored results by method, dataset and family.
* ``training``: training of a method with monitors.
"""
