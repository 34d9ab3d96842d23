// tether runs a command that dies with the process that started it.
//
//	tether [--stdin | --nice N] COMMAND ARGUMENTS…
//
// It asks the kernel to send SIGKILL when its parent ends (PR_SET_PDEATHSIG survives exec) and then becomes the command.
// A parent that ended before that request is noticed too: by its process id in $TETHER_PARENT, else by having been
// handed to process 1. With --stdin the command runs as a child, and is killed, with everything it started in its
// process group, when standard input ends: for parents that are not on this machine's process tree (a shell in between).
//
// With --nice the command, and what it starts, gives way to processes of a lower N in the same session.
//
// The kernel sends the signal when the *thread* that forked ends: start it from a thread that lives as long as the process.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
)

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "tether: "+format+"\n", values...)
	os.Exit(126)
}

// dieWithParent must run on the thread that calls exec: the request is a property of the process, set by its caller.
func dieWithParent() {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0); errno != 0 {
		fail("prctl(PR_SET_PDEATHSIG): %v", errno)
	}
	parent := os.Getppid()
	if wanted := os.Getenv("TETHER_PARENT"); wanted != "" {
		pid, err := strconv.Atoi(wanted)
		if err != nil {
			fail("TETHER_PARENT=%q is not a process id", wanted)
		}
		if pid != parent {
			fail("the parent %d has ended already", pid)
		}
		os.Unsetenv("TETHER_PARENT")
	} else if parent == 1 {
		fail("the parent has ended already")
	}
}

// beNice must run on the thread that calls exec: to Linux, niceness is a thread's, and exec keeps the caller's.
func beNice(value string) {
	nice, err := strconv.Atoi(value)
	if err != nil || nice < 0 || nice > 19 {
		fail("--nice %q is not a number from 0 to 19", value)
	}
	if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, nice); err != nil {
		fail("setpriority: %v", err)
	}
}

func runUntilInputEnds(path string, argv []string) {
	command := &exec.Cmd{Path: path, Args: argv, Stdout: os.Stdout, Stderr: os.Stderr,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}}
	if err := command.Start(); err != nil {
		fail("%s: %v", path, err)
	}
	group := -command.Process.Pid
	go func() {
		io.Copy(io.Discard, os.Stdin)
		syscall.Kill(group, syscall.SIGKILL)
	}()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	go func() {
		for s := range signals {
			syscall.Kill(group, s.(syscall.Signal))
		}
	}()
	err := command.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fail("%s: %v", path, err)
	}
}

func main() {
	runtime.LockOSThread()
	arguments := os.Args[1:]
	untilInputEnds := len(arguments) > 0 && arguments[0] == "--stdin"
	if untilInputEnds {
		arguments = arguments[1:]
	} else if len(arguments) > 1 && arguments[0] == "--nice" {
		beNice(arguments[1])
		arguments = arguments[2:]
	}
	if len(arguments) == 0 {
		fail("usage: tether [--stdin | --nice N] COMMAND ARGUMENTS…")
	}
	path, err := exec.LookPath(arguments[0])
	if err != nil {
		fail("%v", err)
	}
	dieWithParent()
	if untilInputEnds {
		runUntilInputEnds(path, arguments)
		return
	}
	if err := syscall.Exec(path, arguments, os.Environ()); err != nil {
		fail("%s: %v", path, err)
	}
}
