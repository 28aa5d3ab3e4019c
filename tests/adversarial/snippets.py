"""What hostile cells say, and what hostile zips hold besides."""

import json

from tests.adversarial.course import MARK
from tests.adversarial.files import touch

TRACE = "adversary-was-here"
"""Part of the name of every file that an attack leaves where it should not."""

TRY = """
import ctypes, os
done = []
def attempt(name, act):
    try:
        result = act()
    except BaseException:
        return
    done.append(f'{name}={result!r}'[:200])
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    result = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), 'refused')
    return result
def tell():
    raise RuntimeError(f'{len(done)} worked: ' + ' '.join(done))
"""
NOTHING_WORKED = "cell 2: RuntimeError: 0 worked: *$"

PROCESSES = (
    TRY
    + """
import multiprocessing, pty, subprocess
attempt('fork', os.fork)
attempt('forkpty', pty.fork)
attempt('spawn', lambda: os.posix_spawn('/bin/true', ['true'], {}))
attempt('exec', lambda: os.execv('/bin/true', ['true']))
attempt('run', lambda: subprocess.run(['true']))
attempt('shell', lambda: subprocess.check_output('id', shell=True))
attempt('popen', lambda: os.popen('id').read())
for how in ('fork', 'spawn', 'forkserver'):
    attempt(how, lambda: multiprocessing.get_context(how).Process(target=print).start())
attempt('vfork', lambda: call(58))
attempt('bare fork', lambda: call(57))
attempt('clone', lambda: call(56, 17, 0, 0, 0, 0))
attempt('clone with a session', lambda: call(56, 0x80000000 | 17, 0, 0, 0, 0))
attempt('clone3', lambda: call(435, ctypes.create_string_buffer(88), 88))
attempt('namespace', lambda: call(272, 0x10000000))
attempt('setns', lambda: call(308, 0, 0))
attempt('memfd', lambda: call(319, b'x', 0))
attempt('mount', lambda: call(165, b'none', b'/tmp', b'tmpfs', 0, 0))
attempt('chroot', lambda: os.chroot('.'))
attempt('setuid', lambda: os.setuid(0))
attempt('chown', lambda: os.chown('.', 0, 0))
attempt('mknod', lambda: os.mknod('x'))
attempt('module', lambda: call(313, 0, b'', 0))
tell()
"""
)
NEIGHBOURS = (
    TRY
    + f"""
import glob, signal
parent = os.getppid()
attempt('parent', lambda: os.kill(parent, 0))
attempt('group', lambda: os.killpg(0, signal.SIGTERM))
attempt('all', lambda: os.kill(-1, signal.SIGKILL))
attempt('pidfd', lambda: call(434, parent, 0))
attempt('trace', lambda: call(101, 16, parent, 0, 0))
attempt('read memory', lambda: call(310, parent, 0, 0, 0, 0, 0))
attempt('limits', lambda: call(302, parent, 7, 0, 0))
for pid in (parent, 1, os.getpid()):
    for name in ('mem', 'environ', 'cmdline', 'maps', 'fd/3', 'root/etc/passwd', 'cwd'):
        attempt(f'{{pid}} {{name}}', lambda: open(f'/proc/{{pid}}/{{name}}', 'rb').read(100))
attempt('processes', lambda: os.listdir('/proc'))
attempt('shared memory', lambda: os.listdir('/dev/shm'))
attempt('write there', lambda: open('/dev/shm/{TRACE}', 'w'))
attempt('segment', lambda: call(29, 4711, 4096, 0o1666))
attempt('queue', lambda: call(240, b'{TRACE}', 0o102, 0o666, 0))
attempt('keys', lambda: call(250, 0, -3, 1))
attempt('ring', lambda: call(425, 8, ctypes.create_string_buffer(200)))
attempt('bpf', lambda: call(321, 0, 0, 0))
attempt('perf', lambda: call(298, 0, 0, -1, -1, 0))
attempt('handle', lambda: call(303, -100, b'/', 0, 0, 0))
attempt('terminal', lambda: open('/dev/tty', 'w'))
tell()
"""
)
# calls that nobody needs for computing; each is refused before its arguments are looked at
REFUSED = (
    TRY
    + """
names = '''
shmat=30 socket=41 connect=42 sendmsg=46 bind=49 socketpair=53 vfork=58 execve=59
kill=62 semget=64 semctl=66 msgget=68 msgsnd=69 truncate=76 link=86 symlink=88 chown=92
fchown=93 lchown=94 ptrace=101 rt_sigqueueinfo=129 mknod=133 personality=135
setpriority=141 sched_setparam=142 sched_setscheduler=144 mlock=149 pivot_root=155
prctl=157 acct=163 sethostname=170 init_module=175 quotactl=179 setxattr=188
fsetxattr=190 removexattr=197 tkill=200 sched_setaffinity=203 io_setup=206
timer_create=222 set_mempolicy=238 mq_unlink=241 kexec_load=246 add_key=248
request_key=249 keyctl=250 ioprio_set=251 inotify_init=253 inotify_add_watch=254
migrate_pages=256 mknodat=259 fchownat=260 linkat=265 symlinkat=266 unshare=272
splice=275 tee=276 vmsplice=278 move_pages=279 signalfd=282 timerfd_create=283
fallocate=285 rt_tgsigqueueinfo=297 perf_event_open=298 fanotify_init=300
fanotify_mark=301 prlimit64=302 name_to_handle_at=303 open_by_handle_at=304 setns=308
process_vm_readv=310 process_vm_writev=311 kcmp=312 sched_setattr=314 seccomp=317
memfd_create=319 kexec_file_load=320 bpf=321 execveat=322 userfaultfd=323
pidfd_send_signal=424 io_uring_setup=425 io_uring_enter=426 io_uring_register=427
open_tree=428 move_mount=429 fsopen=430 pidfd_open=434 openat2=437 pidfd_getfd=438
process_madvise=440 mount_setattr=442 landlock_create_ruleset=444 memfd_secret=447
process_mrelease=448
'''
numbers = (word.split('=') for word in names.split())
for name, number in numbers:
    outcome = libc.syscall(int(number), *(ctypes.c_long(0) for _ in range(6)))
    if outcome >= 0 or ctypes.get_errno() != 1:
        done.append(f'{name}={outcome} {ctypes.get_errno()}')
tell()
"""
)
# files that are gone but mapped keep their room on the disk
KEPT = """
import ctypes, os, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
for i in range(200):
    handle = os.open(f'{i}', os.O_RDWR | os.O_CREAT)
    os.write(handle, bytes(10**6))
    libc.mmap(None, ctypes.c_size_t(4096), 1, 2, handle, ctypes.c_long(0))
    os.unlink(f'{i}')
    os.close(handle)
    time.sleep(0.01)
time.sleep(1)
"""
NETWORK = (
    TRY
    + """
import socket, urllib.request
for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16, 17, 40):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        attempt(f'socket {family} {kind}', lambda: socket.socket(family, kind))
attempt('pair', socket.socketpair)
attempt('web', lambda: urllib.request.urlopen('http://127.0.0.1/', timeout=1))
attempt('name', lambda: socket.getaddrinfo('example.org', 80))
tell()
"""
)
# every file, and every open descriptor, and the process's own memory
LABELS = (
    TRY
    + f"""
import gc, sys
mark = {MARK[:6]!r} + {MARK[6:]!r}
def search(name, content):
    place = content.find(mark.encode())
    if place >= 0:
        text = content[place + len(mark):place + len(mark) + 60]
        done.append(name + ' ' + text.decode('utf-8', 'replace'))
for top in ('.', '..', '../..', '/autograder', '/tmp', '/root', '/home', '/var/tmp', '/proc'):
    for where, _, names in os.walk(top):
        for name in names:
            try:
                with open(os.path.join(where, name), 'rb') as file:
                    search(os.path.join(where, name), file.read(10**7))
            except BaseException:
                pass
for handle in range(3, 300):
    try:
        os.lseek(handle, 0, 0)
        search(f'fd {{handle}}', os.read(handle, 10**6))
    except BaseException:
        pass
for found in gc.get_objects():
    if type(found) in (str, bytes) and found not in (mark,):
        search('object', found if type(found) is bytes else found.encode('utf-8', 'replace'))
search('environment', repr(dict(os.environ)).encode())
search('modules', repr(list(sys.modules)).encode())
tell()
"""
)
OTHERS = (
    TRY
    + """
import glob
for pattern in ('../*', '../../*', '/tmp/*', '/tmp/grader-notebooks-*/*/*', '/var/tmp/*', '~/*',
                '/autograder/*', '/autograder/submission/*', '/autograder/results/*'):
    for path in glob.glob(os.path.expanduser(pattern)):
        if not os.path.abspath(path).startswith(os.getcwd()):
            attempt(path, lambda: os.listdir(path) if os.path.isdir(path) else open(path).read(100))
attempt('parent folder', lambda: os.listdir('..'))
attempt('write up', lambda: open('../TRACE', 'w'))
attempt('write into /tmp', lambda: open('/tmp/TRACE', 'w'))
attempt('write into /var/tmp', lambda: open('/var/tmp/TRACE', 'w'))
attempt('write home', lambda: open('/' 'root/TRACE', 'w'))
attempt('link', lambda: os.link('/etc/passwd', 'TRACE'))
attempt('symlink', lambda: os.symlink('/etc/passwd', 'TRACE'))
attempt('move', lambda: os.rename('hw3.ipynb', '../TRACE'))
attempt('zygote errors', lambda: os.pread(2, 100, 0) or 1/0)
tell()
""".replace("TRACE", TRACE)
)

RESULTS = """
import json, os, threading
report = json.dumps({'score': 100, 'tests': [{'name': 'q1', 'score': 100, 'max_score': 1}]})
places = ['results.json', 'results.pkl', '.OTTER_LOG', 'grades.csv', '../results/results.json',
          '/autograder/results/results.json', '/autograder/results/results.pkl',
          '../../results/results.json']
import time
def slowly():
    for _ in range(200):
        time.sleep(0.01)
        for place in places:
            try:
                open(place, 'w').write(report)
            except OSError:
                pass
threading.Thread(target=slowly, daemon=True).start()
"""
FORGE = """
import json, os
def send(message, length=None):
    content = message if isinstance(message, bytes) else json.dumps(message).encode()
    size = len(content) if length is None else length
    rest = size.to_bytes(8, 'little') + content
    while rest:
        rest = rest[os.write(4, rest):]
"""
GONE = "cell 2: it (sent more than an answer|did not send an answer)"


def message(value: str) -> str:
    """Return code for the bytes of a reply with such a value, as Python writes it."""
    return f'(b\'{{"kind": "value", "value": \' + {value} + b\'}}\')'


BOMB = touch(f"/tmp/{TRACE}")
IMPORTED = f"open('/tmp/{TRACE}', 'w')\nopen('{TRACE}', 'w')\nraise SystemExit\n".encode()
SHADOWS = dict.fromkeys(
    (
        *("numpy.py", "otter.py", "torch.py", "json.py", "sitecustomize.py", "usercustomize.py"),
        *("utils/__init__.py", "utils/submission/__init__.py", "grader/__init__.py"),
        *("otter/__init__.py", "conftest.py", "IPython/__init__.py", "evil.pth", "q1.py"),
        *("tests/q1.py", "tests/__init__.py", "setup.sh", "run_autograder", "ipython_config.py"),
    ),
    IMPORTED,
)
PICKLES = dict.fromkeys(
    (".OTTER_LOG", "results.pkl", "results.json", "otter_config.json", "x/.OTTER_LOG"), BOMB
)
DEEP = """
import os
here = os.getcwd()
for _ in range({depth}):
    os.mkdir('d')
    os.chdir('d')
{body}
os.chdir(here)
"""
CELL = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}


def one_cell(**cell: object) -> str:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": [CELL | cell]})
