"""``python -m vidkind.service``: a worker of ``vidkind serve``.

Children that decode would import the main module anew, for each video, if it had another name.
"""

from vidkind.service.worker import main

main()
