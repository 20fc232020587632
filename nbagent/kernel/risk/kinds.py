"""The tables: what is risky, by qualified name, and how each kind of risk is said.

A name stands for all that begins with it (`requests` for `requests.get`), the longest one
counts, and a name with the kind '' is none of it (`urllib.parse`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of risk is said.

    Attributes:
        verb: what the code does: `deletes files`.
        doing: the same as an activity: `deleting files`.
    """

    verb: str
    doing: str


KINDS: Mapping[str, Kind] = {
    "deletes": Kind("deletes files", "deleting files"),
    "moves": Kind("moves files", "moving files"),
    "overwrites": Kind("overwrites files", "overwriting files"),
    "may_overwrite": Kind("may overwrite a file", "overwriting files that it names as it runs"),
    "network": Kind("uses the network", "using the network"),
    "program": Kind("runs another program", "running other programs"),
    "installs": Kind("installs packages", "installing packages"),
    "credentials": Kind("reads credentials", "reading credentials"),
    "process": Kind("controls processes", "controlling processes"),
    "variables": Kind("changes your variables", "changing your variables"),
    "library": Kind("changes a library", "changing libraries"),
    "hidden": Kind("contains hidden characters", "hidden characters"),
    "unclear": Kind("does what cannot be told beforehand", "code that cannot be judged"),
}


def several(names: str) -> frozenset[str]:
    """A set of names that are written in one string."""
    return frozenset(names.split())


def _table(kinds: Mapping[str, str]) -> Mapping[str, str]:
    return {name: kind for kind, names in kinds.items() for name in names.split()}


NAMES: Mapping[str, str] = _table(
    {
        "deletes": """os.remove os.unlink os.rmdir os.removedirs shutil.rmtree pathlib.Path.unlink
            pathlib.Path.rmdir send2trash""",
        "may_overwrite": """shelve.open dbm shutil.unpack_archive zipfile.ZipFile.extractall""",
        "network": """requests httpx urllib urllib2 urllib3 aiohttp socket ssl smtplib ftplib
            poplib imaplib telnetlib nntplib http.client http.server xmlrpc socketserver paramiko
            fabric boto3 botocore s3fs gcsfs adlfs google.cloud azure websockets websocket
            huggingface_hub datasets.load_dataset openai anthropic tweepy praw yfinance
            pandas_datareader wget gdown kaggle selenium playwright scrapy pymongo psycopg2
            psycopg pymysql redis nltk.download spacy.cli.download gensim.downloader torch.hub
            tensorflow_datasets tensorflow.keras.utils.get_file keras.utils.get_file
            seaborn.load_dataset sklearn.fetch statsmodels.api.datasets.get_rdataset webbrowser
            asyncio.open_connection asyncio.start_server wandb gspread feedparser geopy.geocoders
            pip_search openml mlflow.log ftputil pycurl vega_datasets.data.url""",
        "program": """subprocess os.system os.popen os.execl os.execle os.execlp os.execlpe
            os.execv os.execve os.execvp os.execvpe os.spawnl os.spawnle os.spawnlp os.spawnlpe
            os.spawnv os.spawnve os.spawnvp os.spawnvpe os.posix_spawn os.posix_spawnp
            os.startfile pty pexpect plumbum sh asyncio.create_subprocess_exec
            asyncio.create_subprocess_shell IPython.system IPython.system_raw IPython.system_piped
            IPython.getoutput commands platform.popen _posixsubprocess
            multiprocessing.util.spawnv_passfds""",
        "installs": "pip ensurepip micropip piplite conda venv.create",
        "credentials": """keyring getpass.getpass getpass.unix_getpass dotenv
            google.colab.userdata secretstorage netrc""",
        "process": """os.kill os.killpg os._exit os.abort os.fork os.forkpty signal sys.exit exit
            quit psutil.Process.kill psutil.Process.terminate psutil.Process.suspend
            psutil.Process.send_signal IPython.kernel.do_shutdown IPython.ask_exit
            IPython.exit_now faulthandler._sigsegv _thread.interrupt_main os.setuid os.setgid
            multiprocessing.Process.kill multiprocessing.Process.terminate resource.setrlimit""",
        "variables": """IPython.reset IPython.reset_selective IPython.del_var IPython.drop_by_id""",
        "library": """unittest.mock.patch sys.settrace sys.setprofile gc.disable
            sys.setrecursionlimit""",
        "unclear": """exec eval compile __import__ importlib ctypes cffi marshal pickle.load
            pickle.loads pickle.Unpickler dill cloudpickle.load cloudpickle.loads joblib.load
            torch.load pandas.read_pickle runpy code codeop imp pkgutil.resolve_name _ctypes
            IPython.run_cell IPython.run_cell_async IPython.run_code IPython.ex IPython.ev
            IPython.user_ns IPython.push IPython.safe_execfile IPython.runcode
            IPython.user_global_ns IPython.events IPython.input_transformers_post
            IPython.input_transformers_cleanup IPython.ast_transformers IPython.set_next_input
            os.chmod os.chown os.lchown os.symlink os.link os.chroot os.mkfifo pathlib.Path.chmod
            sys._getframe inspect.currentframe inspect.stack gc.get_objects gc.get_referrers
            types.FunctionType types.CodeType timeit.timeit timeit.repeat timeit.Timer
            cProfile.run operator.methodcaller operator.attrgetter __builtins__ builtins.__dict__
            pdb.run code.interact concurrent.interpreters _interpreters""",
        "": """urllib.parse urllib.error requests.exceptions requests.Response
            requests.models.Response requests.compat requests.utils requests.structures
            requests.codes requests.status_codes requests.__version__ httpx.Response
            httpx.HTTPError urllib3.exceptions urllib3.disable_warnings socket.gethostname
            socket.timeout socket.error ssl.SSLError openai.types subprocess.CalledProcessError
            subprocess.TimeoutExpired subprocess.SubprocessError subprocess.CompletedProcess
            subprocess.list2cmdline signal.Signals signal.strsignal importlib.reload
            importlib.metadata importlib.resources importlib.util.find_spec
            importlib.invalidate_caches code.co_code redis.exceptions netrc.NetrcParseError
            pip.__version__ keyring.errors""",
    }
)
"""Qualified names of modules, functions and methods; `IPython` is the running shell."""

_ROOTS = frozenset(name.partition(".")[0] for name in NAMES)
LIBRARY_ROOTS = frozenset(name.partition(".")[0] for name, kind in NAMES.items() if kind)
"""Modules whose star import hides what is called."""

CANONICAL: Mapping[str, str] = {
    "posix": "os", "nt": "os", "posixpath": "os.path", "ntpath": "os.path", "_io": "io",
    "_pickle": "pickle", "_signal": "signal", "_socket": "socket", "_heapq": "heapq",
    "_bisect": "bisect", "_operator": "operator", "_random": "random", "_sqlite3": "sqlite3",
    "np": "numpy", "pd": "pandas",
}  # fmt: skip
"""How modules are called that name themselves otherwise."""

ALIASES: Mapping[str, str] = {
    "io.open": "open",
    "builtins.open": "open",
    "IPython.core.interactiveshell._modified_open": "open",
    "pathlib.PosixPath": "pathlib.Path", "pathlib.WindowsPath": "pathlib.Path",
    "pathlib._local.PosixPath": "pathlib.Path", "pathlib._local.Path": "pathlib.Path",
    "shutil._RmtreeType": "shutil.rmtree",
    "ipykernel.zmqshell.ZMQInteractiveShell": "IPython",
    "IPython.core.interactiveshell.InteractiveShell": "IPython",
    "IPython.core.interactiveshell.InteractiveShell.get_ipython": "get_ipython",
    "IPython.get_ipython": "get_ipython",
    "IPython.core.getipython.get_ipython": "get_ipython",
    "IPython.core.autocall.ZMQExitAutocall": "exit", "IPython.core.autocall.ExitAutocall": "exit",
    "_sitebuiltins.Quitter": "exit",
    "random.Random.shuffle": "random.shuffle",
    "sklearn.utils.shuffle": "",
}  # fmt: skip

ASSUMED: Mapping[str, str] = {
    name: name
    for name in [
        "os",
        "sys",
        "shutil",
        "subprocess",
        "pathlib",
        "requests",
        "httpx",
        "urllib",
        "socket",
        "glob",
        "json",
        "random",
        "pickle",
        "joblib",
        "importlib",
        "ctypes",
        "tempfile",
        "numpy",
        "pandas",
        "torch",
        "heapq",
        "operator",
        "builtins",
    ]
} | {"Path": "pathlib.Path", "np": "numpy", "pd": "pandas", "plt": "matplotlib.pyplot"}
"""What names are taken for that the code uses and nobody knows, as in another process."""

PROGRAMS: Mapping[str, str] = _table(
    {
        "deletes": "rm rmdir unlink shred del rd truncate",
        "network": """curl wget ssh scp sftp rsync ftp telnet nc ncat ping aws gsutil gcloud az
            kaggle huggingface-cli hf http""",
        "process": "kill pkill killall shutdown reboot systemctl",
        "installs": """pip pip3 conda mamba micromamba uv pipx poetry apt apt-get dnf yum brew npm
            yarn pnpm apk gem cargo""",
    }
)
"""What shell commands do; every other one runs another program."""

NOT_INSTALLING = several(
    """list show freeze check config debug inspect search info --version -V --help help"""
)
"""What a package manager is asked without changing anything."""

WRITERS: Mapping[str, tuple[int, str]] = {
    "numpy.save": (0, "file"), "numpy.savez": (0, "file"), "numpy.savez_compressed": (0, "file"),
    "numpy.savetxt": (0, "fname"), "joblib.dump": (1, "filename"), "torch.save": (1, "f"),
    "cv2.imwrite": (0, "filename"), "imageio.imwrite": (0, "uri"), "imageio.mimsave": (0, "uri"),
    "scipy.io.savemat": (0, "file_name"), "scipy.savemat": (0, "file_name"),
    "scipy.io.wavfile.write": (0, "filename"), "soundfile.write": (0, "file"),
    "pandas.ExcelWriter": (0, "path"), "pandas.HDFStore": (0, "path"), "os.truncate": (0, "path"),
    "matplotlib.backends.backend_pdf.PdfPages": (0, "filename"), "os.mknod": (0, "path"),
    "logging.FileHandler": (0, "filename"), "torch.onnx.export": (2, "f"), "os.open": (0, "path"),
    "plotly.io.write_html": (1, "file"), "plotly.io.write_image": (1, "file"),
    "nbformat.write": (1, "fp"), "shutil.make_archive": (0, "base_name"),
    "tarfile.TarFile.extractall": (0, "path"), "zipfile.ZipFile.extractall": (0, "path"),
}  # fmt: skip
"""Functions that write a file: which argument says where."""

WRITING_METHODS: Mapping[str, tuple[int, str]] = {
    "to_csv": (0, "path_or_buf"), "to_parquet": (0, "path"), "to_excel": (0, "excel_writer"),
    "to_json": (0, "path_or_buf"), "to_pickle": (0, "path"), "to_feather": (0, "path"),
    "to_hdf": (0, "path_or_buf"), "to_stata": (0, "path"), "to_html": (0, "buf"),
    "to_markdown": (0, "buf"), "to_latex": (0, "buf"), "to_xml": (0, "path_or_buffer"),
    "to_orc": (0, "path"), "to_file": (0, "filename"), "to_netcdf": (0, "path"),
    "to_zarr": (0, "store"), "savefig": (0, "fname"), "imsave": (0, "fname"), "tofile": (0, "fid"),
    "write_csv": (0, "file"), "write_parquet": (0, "file"), "write_json": (0, "file"),
    "write_excel": (0, "workbook"), "write_ipc": (0, "file"), "sink_parquet": (0, "path"),
    "sink_csv": (0, "path"), "write_image": (0, "file"), "write_html": (0, "file"),
    "save": (0, "fp"), "save_model": (0, "fname"), "save_pretrained": (0, "save_directory"),
    "save_weights": (0, "filepath"), "to_image": (9, ""), "extractall": (0, "path"),
}  # fmt: skip
"""Methods of anything that write a file, likewise."""

OPENERS: Mapping[str, int] = {
    "open": 1, "codecs.open": 1, "gzip.open": 1, "bz2.open": 1, "lzma.open": 1, "gzip.GzipFile": 1,
    "zipfile.ZipFile": 1, "tarfile.open": 1, "h5py.File": 1, "io.FileIO": 1, "numpy.memmap": 2,
    "netCDF4.Dataset": 1, "fsspec.open": 1, "smart_open.open": 1, "wave.open": 1, "bz2.BZ2File": 1,
    "lzma.LZMAFile": 1,
}  # fmt: skip
"""Functions that open a file for reading or writing: which argument is the mode."""

COPIERS = several(
    """shutil.copy shutil.copy2 shutil.copyfile shutil.copytree shutil.copyfileobj"""
) - {"shutil.copyfileobj"}
MOVERS = several("shutil.move os.rename os.replace os.renames")
PATH_MOVERS = frozenset(["pathlib.Path.rename", "pathlib.Path.replace"])
PATH_WRITERS = frozenset(["write_text", "write_bytes"])

DELETING_METHODS = frozenset(["unlink", "rmdir", "rmtree"])
KILLING_METHODS = frozenset(["kill", "terminate", "send_signal"])
FETCHING_METHODS = frozenset(["from_pretrained", "urlopen", "urlretrieve", "load_data"])

MUTATORS = several("""append extend insert remove pop clear sort reverse update setdefault popitem
    add discard difference_update intersection_update symmetric_difference_update appendleft
    extendleft popleft rotate subtract move_to_end fill put itemset resize setflags partition
    setfield __setitem__ __delitem__ __setattr__ __iadd__ __init__ sort_in_place""")
FITTERS = several("""fit partial_fit fit_transform fit_predict fit_resample set_params
    load_state_dict load_weights compile add_module __setitem__ __delitem__ __setattr__ __init__""")
FAMILIES: Mapping[str, frozenset[str]] = {
    "pandas": frozenset(["insert", "pop", "update"]),
    "numpy": several("sort fill put itemset resize setflags partition setfield"),
    "polars": several("insert_column replace_column drop_in_place extend"),
    "matplotlib": frozenset(["clear"]),
} | dict.fromkeys(["str", "bytes", "int", "float", "tuple", "bool", "frozenset"], frozenset())
"""Which methods change a value in place, where its library is known; else `MUTATORS` do."""

IN_PLACE: Mapping[str, int] = {
    "random.shuffle": 0, "numpy.random.shuffle": 0, "numpy.put": 0, "numpy.place": 0,
    "numpy.copyto": 0, "numpy.putmask": 0, "numpy.fill_diagonal": 0, "numpy.put_along_axis": 0,
    "heapq.heappush": 0, "heapq.heappop": 0, "heapq.heapify": 0, "heapq.heapreplace": 0,
    "heapq.heappushpop": 0, "bisect.insort": 0, "bisect.insort_left": 0, "bisect.insort_right": 0,
    "operator.setitem": 0, "operator.delitem": 0, "operator.iadd": 0, "operator.ior": 0,
    "setattr": 0, "delattr": 0, "object.__setattr__": 0,
}  # fmt: skip
"""Functions that change an argument in place."""

VIEWS = several("""get items values setdefault reshape ravel view squeeze transpose swapaxes
    diagonal __getitem__ __getattribute__ set_index_names""")
"""Methods whose result is, or holds, a part of the object itself."""

SELECTING = several(
    """isin isna notna isnull notnull between duplicated contains startswith endswith eq ne lt gt"""
    "le ge match fullmatch any all"
)
"""Methods whose result picks rows: what is picked by it is a copy."""

STRANGE = several("""__subclasses__ __globals__ __code__ __bases__ __mro__ __getattribute__
    __reduce__ __reduce_ex__ __builtins__ f_globals f_locals f_back gi_frame cr_frame tb_frame
    __closure__ __loader__ __import__ func_globals _getframe mro __wrapped__ __self__""")
"""Attributes by which code reaches what it does not name."""

SPEAKING = several("""print display Markdown HTML Latex repr str len append add write info warning
    error debug set_title set_xlabel set_ylabel title xlabel ylabel text suptitle annotate
    startswith endswith replace split strip find match search sub fullmatch findall compile
    urlparse urlsplit quote unquote urljoin join count index format encode isinstance hash type""")
"""Functions and methods that take a URL as mere text."""

SETTINGS = frozenset(["options", "rcParams", "environ", "config", "env", "defaults", "style"])
"""Parts of a library that are there to be set."""

MODULE_STATE = frozenset(["sys.modules", "sys.path", "sys.meta_path", "sys.path_hooks"])


def kind_of(name: str) -> str:
    """The kind of risk of a qualified name, by its longest known beginning; '' if none.

    Args:
        name: such as `shutil.rmtree`.
    """
    root, _, rest = name.partition(".")
    if root not in _ROOTS:
        return ""
    head = name
    while head:
        if head in NAMES:
            return NAMES[head]
        head = head.rpartition(".")[0]
    last = rest.rpartition(".")[2]
    if root == "sklearn" and last.startswith("fetch_"):
        return "network"
    return NAMES.get(f"{root}.{last}", "") if last else ""
