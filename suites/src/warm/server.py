# The warm interpreter: imports what the script's runs can share, then forks a run for each request on its control socket.
#
# Requests: `run`, number, folder, count of arguments, arguments, variables (with three descriptors), and `kill`, number.
# Answers: `ready` or `refused` once; for each run `began`, number, process, then `ended`, number, wait status; or `failed`,
# number, why, when the script was not touched. Fields end in NUL, one datagram a message.


def serve(script):
    import sys

    there_at_start = set(sys.modules)
    import _signal
    import _socket
    import gc
    import marshal
    import os
    import select

    # A script sees the modules that it imports, and no others.
    for name in set(sys.modules) - there_at_start:
        del sys.modules[name]

    control = _socket.socket(fileno=os.dup(0))
    os.set_inheritable(control.fileno(), False)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)

    def tell(*fields):
        control.send(b"\0".join(str(field).encode("utf-8", "replace") for field in fields))

    def in_fork(work, *arguments):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(reader)
                control.close()
                for stream in (1, 2):
                    os.dup2(0, stream)
                answer = (True, work(*arguments))
            except BaseException as error:
                answer = (False, repr(error))
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(marshal.dumps(answer))
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            answer = pipe.read()
        os.waitpid(child, 0)
        done, result = marshal.loads(answer) if answer else (False, "a fork died")
        if not done:
            raise RuntimeError(result)
        return result

    def open_descriptors():
        return set(os.listdir("/proc/self/fd"))

    def read_script():
        with open(script, "rb") as file:
            return file.read()

    def warm():
        if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
            sys.path[0] = os.path.dirname(os.path.realpath(script))
        sys.argv = [script]
        path, descriptors = list(sys.path), open_descriptors()
        steps = in_fork(leading, read_script(), script)
        order, unclean = in_fork(plan, steps)
        for kind, *step in order:
            if kind == "path":
                change_path(*step)
            else:
                __import__(step[0])
        sys.path[:] = path
        left = [name for name in unclean if name in sys.modules]
        if left:
            raise RuntimeError("imported although it differs from run to run: " + left[0])
        if len(os.listdir("/proc/self/task")) != 1:
            raise RuntimeError("a library starts threads when it is imported")
        if len(open_descriptors()) != len(descriptors):
            raise RuntimeError("a library opens files when it is imported")

    class Silence:
        """Takes the place of standard error, to learn whether anything would be said."""

        said = False

        def write(self, text):
            self.said = True

        def flush(self):
            pass

    compiled = {}

    def code_ahead():
        """The script's code, unless compiling says anything: then each run compiles, and says it."""
        status = os.stat(script)
        state = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
        if state not in compiled:
            compiled.clear()
            error, sys.stderr = sys.stderr, Silence()
            try:
                code = compile(read_script(), script, "exec", dont_inherit=True)
                compiled[state] = None if sys.stderr.said else code
            except Exception:
                compiled[state] = None
            finally:
                sys.stderr = error
        return compiled[state]

    def become(descriptors, folder, arguments, variables):
        """Makes this fork what a new process would be."""
        os.setpgid(0, 0)
        _signal.set_wakeup_fd(-1)
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL if before is None else before)
        for end in wake:
            os.close(end)
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.chdir(folder)
        os.environ.clear()
        for variable in variables:
            name, _, value = variable.partition("=")
            os.environ[name] = value
        sys.argv = [script] + arguments
        if hasattr(sys, "orig_argv"):
            # Ours is: interpreter and flags, `-c`, its text, this file, the script.
            sys.orig_argv = sys.orig_argv[:-4] + [script] + arguments
        random, logging = sys.modules.get("random"), sys.modules.get("logging")
        if random is not None:
            random.seed()
        if hasattr(logging, "_startTime"):
            import time
            logging._startTime = time.time_ns() if isinstance(logging._startTime, int) else time.time()
        main = sys.modules["__main__"]
        name, annotations = "__main__", main.__dict__.get("__annotations__")
        main.__dict__.clear()
        main.__dict__.update(__name__=name, __doc__=None, __package__=None, __spec__=None, __file__=script,
                             __builtins__=sys.modules["builtins"], __cached__=None,
                             __loader__=sys.modules["_frozen_importlib_external"].SourceFileLoader(name, script))
        if annotations is not None:
            main.__dict__["__annotations__"] = {}
        return main.__dict__

    def execute(code, source, namespace):
        """Only what the script does leaves this: its end, its exit or its error, reported as the interpreter would."""
        try:
            if code is None:
                code = compile(source, script, "exec", dont_inherit=True)
            exec(code, namespace)
        except SystemExit:
            raise
        except BaseException as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_frame.f_globals is globals():
                trace = trace.tb_next
            report = sys.excepthook

            def hook(kind, value, _):
                # The frames of this file are no part of the script's.
                sys.excepthook = report
                sys.last_traceback = trace
                report(kind, value.with_traceback(trace), trace)

            sys.excepthook = hook
            raise

    # Process to number of run. A process is also a group, and nobody else's until it is waited for.
    running = {}

    def kill(group):
        try:
            os.killpg(group, _signal.SIGKILL)
        except OSError:
            # Nobody is left in it.
            pass

    def stop_all():
        for group in running:
            kill(group)
        for child in running:
            os.waitpid(child, 0)
        os._exit(0)

    def reap():
        while running:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is None:
                return
            # Its children too: what still runs would speak to the next device at this address.
            kill(found.si_pid)
            _, status = os.waitpid(found.si_pid, 0)
            number = running.pop(found.si_pid, None)
            if number is not None:
                tell("ended", number, status)

    try:
        warm()
    except BaseException as error:
        tell("refused", str(error) or repr(error))
        os._exit(0)

    # What the libraries made stays for good, so a fork need not look at it, and copy its pages, when it collects garbage.
    gc.freeze()
    before = _signal.getsignal(_signal.SIGCHLD)
    wake = os.pipe()
    for end in wake:
        os.set_blocking(end, False)
    _signal.signal(_signal.SIGCHLD, lambda number, frame: None)
    _signal.set_wakeup_fd(wake[1], warn_on_full_buffer=False)
    poll = select.poll()
    poll.register(control.fileno(), select.POLLIN)
    poll.register(wake[0], select.POLLIN)
    tell("ready")

    def until_a_fork():
        """Serves until this process is a fork that is to run the script, and gives what that needs."""
        while True:
            ready = [descriptor for descriptor, _ in poll.poll()]
            if wake[0] in ready:
                os.read(wake[0], 4096)
                reap()
            if control.fileno() not in ready:
                continue
            message, ancillary, _, _ = control.recvmsg(1 << 18, 256, _socket.MSG_CMSG_CLOEXEC)
            if not message:
                stop_all()
            descriptors = []
            for _, _, data in ancillary:
                descriptors += [int.from_bytes(data[at:at + 4], sys.byteorder) for at in range(0, len(data), 4)]
            kind, number, *fields = message.decode().split("\0")
            if kind == "kill":
                for group, other in running.items():
                    if other == number:
                        kill(group)
                continue
            child = None
            try:
                if len(descriptors) != 3:
                    raise OSError("its streams did not arrive")
                code = code_ahead()
                child = os.fork()
            except OSError as error:
                tell("failed", number, error)
            if child == 0:
                try:
                    running.clear()
                    count = int(fields[1])
                    source = read_script() if code is None else b""
                    namespace = become(descriptors, fields[0], fields[2:2 + count], fields[2 + count:])
                    tell("began", number, os.getpid())
                    control.close()
                    return code, source, namespace
                except BaseException as error:
                    try:
                        tell("failed", number, error)
                    finally:
                        os._exit(1)
            for descriptor in descriptors:
                os.close(descriptor)
            if child:
                try:
                    os.setpgid(child, child)
                except OSError:
                    # It did so itself, or is over.
                    pass
                running[child] = number

    try:
        run = until_a_fork()
    except BaseException:
        # The lab is gone, or this file is wrong: nothing may be left behind.
        stop_all()
    execute(*run)


import sys
serve(sys.argv[2])
