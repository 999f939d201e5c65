# What an interpreter may import once for many runs of a script. Found out in forks, so that nothing of it stays behind.
#
# A module is clean if its import does nothing that another process, another environment or another moment could see
# differently. Clean modules are shared; any other is imported anew by each run, and its own imports are looked at in turn.

# Functions that tell one process or moment from another, or leave a mark that a fork does not keep.
TELLING = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time",
             "process_time_ns", "thread_time", "thread_time_ns", "clock_gettime", "clock_gettime_ns", "localtime",
             "gmtime", "ctime", "asctime", "strftime", "sleep"},
    "posix": {"getpid", "getppid", "getpgid", "getpgrp", "getsid", "getcwd", "getcwdb", "chdir", "fchdir", "urandom",
              "getrandom", "times", "putenv", "unsetenv", "setpgid", "setsid", "fork", "forkpty", "posix_spawn",
              "posix_spawnp", "system", "pipe", "pipe2", "openpty", "write", "umask", "nice"},
    "builtins": {"print", "input", "breakpoint"},
    "_warnings": {"warn", "warn_explicit"},
    "_thread": {"start_new_thread", "start_new", "start_joinable_thread"},
    "_signal": {"signal", "alarm", "setitimer", "set_wakeup_fd", "pthread_sigmask"},
    "_posixsubprocess": {"fork_exec"},
}
# The moment an object of the type is asked for.
MOMENTS = {"now", "utcnow", "today"}
# Events of sys.audit that reach out of the process.
REACHING = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn")
# Modules whose only such state each run makes anew: the seed, and the time from which log records count.
RENEWED = {"random", "logging"}


def leading(source, filename):
    """The imports and changes of sys.path before the first statement that does anything else."""
    import ast

    def inert(node):
        return not any(isinstance(part, (ast.Call, ast.Await, ast.NamedExpr)) for part in ast.walk(node))

    def imports(node):
        if isinstance(node, ast.Import):
            return [("import", 0, alias.name, ()) for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            return [("import", node.level, node.module or "", tuple(alias.name for alias in node.names))]
        return None

    def path_change(node):
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            return None
        call = node.value
        if call.keywords or not (isinstance(call.func, ast.Attribute) and call.func.attr in ("append", "insert")):
            return None
        if ast.dump(call.func.value) != ast.dump(ast.parse("sys.path", mode="eval").body):
            return None
        try:
            return ("path", call.func.attr, tuple(ast.literal_eval(argument) for argument in call.args))
        except ValueError:
            return None

    steps = []
    for node in ast.parse(source, filename).body:
        found, change = imports(node), path_change(node)
        if found is not None:
            steps += found
        elif change is not None:
            steps.append(change)
        elif isinstance(node, ast.Try):
            parts = [imports(part) for part in node.body]
            if None in parts:
                break
            steps += [step for part in parts for step in part]
        elif isinstance(node, ast.FunctionDef):
            if node.decorator_list or not inert(node.args):
                break
        elif isinstance(node, ast.Assign):
            if not inert(node) or not all(isinstance(target, ast.Name) for target in node.targets):
                break
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            break
    return steps


def change_path(method, arguments):
    import sys
    getattr(sys.path, method)(*arguments)


class Trial:
    """Imports what the script would, and notes which module does anything that is not the same in every run."""

    def __init__(self):
        self.edges = {}
        self.marks = {}

    def mark(self, frame, why):
        while frame is not None:
            if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") != __name__:
                self.marks.setdefault(frame.f_globals.get("__name__"), why)
                return
            frame = frame.f_back

    def watch(self):
        """From here on until the end of this process."""
        import builtins
        import os
        import sys

        trial = self
        real_import, bootstrap = builtins.__import__, sys.modules["_frozen_importlib"]
        real_gcd = bootstrap._gcd_import
        streams = []
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            streams += [stream, stream.buffer, stream.buffer.raw]
        environment = {id(part.__code__) for part in vars(type(os.environ)).values() if hasattr(part, "__code__")}

        def edge(importer, name):
            trial.edges.setdefault(importer, set()).add(name)
            if name == "__main__" and importer != "__main__":
                trial.marks.setdefault(importer, "imports __main__")

        def import_(name, globals=None, locals=None, fromlist=(), level=0):
            result = real_import(name, globals, locals, fromlist, level)
            context = globals or {}
            absolute = name
            if level:
                package = context.get("__package__") or context.get("__name__", "").rpartition(".")[0]
                for _ in range(level - 1):
                    package = package.rpartition(".")[0]
                absolute = package + "." + name if name else package
            importer = context.get("__name__")
            edge(importer, absolute)
            for part in fromlist or ():
                if absolute + "." + str(part) in sys.modules:
                    edge(importer, absolute + "." + part)
            return result

        def gcd(name, package=None, level=0):
            result = real_gcd(name, package, level)
            frame = sys._getframe(1)
            while frame is not None and frame.f_code.co_name != "<module>":
                frame = frame.f_back
            if frame is not None:
                edge(frame.f_globals.get("__name__"), result.__name__)
            return result

        def profile(frame, event, what):
            if event == "c_call":
                name, owner = getattr(what, "__name__", ""), getattr(what, "__self__", None)
                if name in TELLING.get(getattr(what, "__module__", None) or "", ()):
                    trial.mark(frame, "calls " + name)
                elif name in MOMENTS and isinstance(owner, type):
                    trial.mark(frame, "calls " + name)
                elif any(owner is stream for stream in streams):
                    trial.mark(frame, "uses a standard stream")
            elif event == "call":
                code = frame.f_code
                if id(code) in environment:
                    trial.mark(frame, "uses the environment")
                elif code.co_name == "__init__" and frame.f_globals.get("__name__") == "random":
                    if type(frame.f_locals.get("self")).__name__ != "SystemRandom":
                        trial.mark(frame, "makes random numbers")

        def audit(event, arguments):
            if event.startswith(REACHING):
                trial.mark(sys._getframe(1), event)
            elif event in ("open", "os.listdir", "os.scandir") and arguments:
                path, mode = arguments[0], arguments[1] if len(arguments) > 1 else "r"
                written = isinstance(mode, str) and set(mode) & set("wax+")
                relative = isinstance(path, (str, bytes)) and path[:1] not in ("/", b"/")
                if relative or written:
                    trial.mark(sys._getframe(1), "opens a file")

        class Arguments(list):
            def note(self):
                trial.mark(sys._getframe(2), "uses the arguments")

            def __getitem__(self, at):
                self.note()
                return list.__getitem__(self, at)

            def __iter__(self):
                self.note()
                return list.__iter__(self)

            def __len__(self):
                self.note()
                return list.__len__(self)

        sys.argv = Arguments(sys.argv)
        builtins.__import__ = import_
        bootstrap._gcd_import = gcd
        sys.addaudithook(audit)
        sys.setprofile(profile)

    def unclean(self):
        """Those with a mark, and whoever needs one of them."""
        import sys

        unclean = {name for name in self.marks if name not in RENEWED}
        while True:
            more = set()
            for name in set(sys.modules) | set(self.edges):
                needs = self.edges.get(name, set()) | {name.rpartition(".")[0]} - {""} if name else set()
                if name not in unclean and needs & unclean:
                    more.add(name)
            if not more:
                return unclean
            unclean |= more


def plan(steps):
    """In order: changes of sys.path, and clean modules. Then the names of those that must not be there."""
    import builtins
    import sys

    trial = Trial()
    trial.watch()
    for kind, *step in steps:
        if kind == "path":
            change_path(*step)
        else:
            level, name, parts = step
            try:
                builtins.__import__(name, {"__name__": "__main__", "__package__": None}, None, parts, level)
            except BaseException:
                # The script will say it itself, or do without.
                pass
    sys.setprofile(None)
    unclean = trial.unclean() - {"__main__"}
    order, seen = [], set()

    def take(name):
        if name in seen or name == "__main__" or name not in sys.modules:
            return
        seen.add(name)
        if name not in unclean:
            order.append(("import", name))
            return
        try:
            source = sys.modules[name].__spec__.loader.get_source(name)
            inner = leading(source, name) if source else []
        except Exception:
            return
        follow(inner, sys.modules[name].__package__ or "")

    def follow(steps, package):
        for kind, *step in steps:
            if kind == "path":
                order.append(("path", *step))
                continue
            level, name, parts = step
            if level:
                for _ in range(level - 1):
                    package = package.rpartition(".")[0]
                name = package + "." + name if name else package
            take(name)
            for part in parts:
                take(name + "." + part)

    follow(steps, "")
    return order, sorted(name for name in unclean if name)
