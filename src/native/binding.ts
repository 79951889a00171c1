import type {
  BlockDevice,
  FileAdvice,
  NativeFeatures,
  Offset,
  PeerCredentials,
  Pipe,
  SocketAddress,
  Watch,
} from "./values.ts";

export type * from "./values.ts";

/**
 * The functions of the C++ addon.
 *
 * Offsets and sizes are bytes. A failure throws (or rejects with) an `Error` whose `code` is the name of the
 * errno ("ENOSPC"), whose `errno` is its positive number, and whose `syscall` is the failed call. Functions
 * that end in `Async` do the same work on the thread pool; do not touch a buffer that was passed to one until
 * its promise settles.
 */
export interface NativeBinding {
  /**
   * Closes a descriptor that the addon has made. The addon owns it until then, and closes it at the latest
   * when the environment (the main thread, or a worker thread) ends. Do not use `fs.closeSync` for it. EBADF
   * for other descriptors.
   */
  closeDescriptor(fd: number): void;
  /**
   * Gives up ownership of a descriptor: another owner, such as a `net.Socket`, closes it. EBADF for other
   * descriptors.
   */
  handOver(fd: number): void;
  /**
   * Makes the addon the owner of a descriptor, as if it had made it. EEXIST when the addon owns it already.
   */
  own(fd: number): void;

  /** The features of this build on this system; `--dump-config` and `--dump-plugin` report them. */
  readonly features: NativeFeatures;

  /**
   * Requests SIGTERM for this process when its parent process ends; the end of only the parent's thread is
   * ignored. Sends SIGTERM at once when the parent is no longer `parentPid`. ENOTSUP where the system does
   * not support it.
   */
  exitWithParent(parentPid: number): void;
  /** Cancels {@link exitWithParent}, also a request by the launcher before Node ran. */
  cancelExitWithParent(): void;

  /** The id of a user by name (getpwnam(3)), or -1 for an unknown name. */
  userId(name: string): number;
  /** The id of a group by name (getgrnam(3)), or -1 for an unknown name. */
  groupId(name: string): number;
  /**
   * Locks all current and future memory of this process in RAM (mlockall(2)). ENOTSUP where not supported.
   */
  lockAllMemory(): void;
  /**
   * Raises the limit of locked memory, so that it stays locked after a change of user. EPERM without the
   * right.
   */
  unlimitLockedMemory(): void;
  /** Sends a datagram to a Unix socket; "@" begins an abstract name. Blocks for one second at most. */
  sendDatagram(path: string, message: Uint8Array): void;
  /**
   * Prompts on the controlling terminal, or else on that of stdin or stderr, and reads a line that the
   * terminal does not show. Blocks until the user has typed it. The terminal is restored also when a signal ends the wait: EINTR where the process
   * handles the signal. ENOTTY without a terminal.
   *
   * @returns the number of bytes in `line`, or -1 when the user ended the input
   */
  askOnTerminal(prompt: string, line: Uint8Array): number;
  /** Writes an error to the system log, as `nbdkit[PID]: MESSAGE`. */
  systemLog(message: string): void;

  /**
   * Starts a signal watchdog: when Node has received the signal, the system kills the process unless
   * `resetWatchdog` is called in time, or when the signal comes again after a second. JavaScript may be in an
   * endless loop.
   * @param signal number of the signal
   * @param seconds timeout
   */
  armWatchdog(signal: number, seconds: number): void;
  /** Resets the signal watchdog. @param seconds timeout until the next call; 0 stops the watchdog */
  resetWatchdog(seconds: number): void;
  /** Ends the process at once. `process.exit` waits for threads of the pool, whose system calls may block. */
  exitNow(status: number): never;

  /**
   * True when the other end of a pipe or socket is closed for writing, even if unread data remains. EBADF if
   * not open.
   */
  isHungUp(fd: number): boolean;

  /**
   * Fills `into` from the file at `offset`. Returns the number of bytes; it is smaller only at the end of the
   * file.
   */
  pread(fd: number, into: Uint8Array, offset: bigint): number;
  preadAsync(fd: number, into: Uint8Array, offset: bigint): Promise<number>;
  /**
   * As {@link pread}, but reads only what needs no disk access (page cache). Returns the number of bytes,
   * which may be smaller than requested, or -1 when nothing could be read or the system cannot tell.
   */
  preadNow(fd: number, into: Uint8Array, offset: bigint): number;
  /** Writes all of `from` at `offset`. */
  pwrite(fd: number, from: Uint8Array, offset: bigint): void;
  pwriteAsync(fd: number, from: Uint8Array, offset: bigint): Promise<void>;

  /** `pread`, `preadNow` and `pwrite` on the bytes `start` to `end` of a buffer, without a view object. */
  preadPart(fd: number, buffer: Uint8Array, start: number, end: number, offset: Offset): number;
  preadPartNow(fd: number, buffer: Uint8Array, start: number, end: number, offset: Offset): number;
  pwritePart(fd: number, buffer: Uint8Array, start: number, end: number, offset: Offset): void;

  /** Deallocates the range. It then reads as zeroes; the size stays. ENOTSUP where not possible. */
  punchHole(fd: number, offset: bigint, length: bigint): void;
  punchHoleAsync(fd: number, offset: bigint, length: bigint): Promise<void>;
  /** Makes the range read as zeroes and keeps (or makes) it allocated. ENOTSUP where not possible. */
  zeroRange(fd: number, offset: bigint, length: bigint): void;
  zeroRangeAsync(fd: number, offset: bigint, length: bigint): Promise<void>;
  /** Zeroes a range of a block device by the device or the kernel (BLKZEROOUT). */
  blockZeroOutAsync(fd: number, offset: bigint, length: bigint): Promise<void>;
  /** Discards a range of a block device (BLKDISCARD). The device determines what the range then reads as. */
  blockDiscardAsync(fd: number, offset: bigint, length: bigint): Promise<void>;

  /** The first offset at or after `offset` that holds data, or -1n when there is none before the end. */
  nextData(fd: number, offset: bigint): bigint;
  nextDataAsync(fd: number, offset: bigint): Promise<bigint>;
  /**
   * The first offset at or after `offset` in a hole; the end of the file counts as a hole. -1n past the end.
   */
  nextHole(fd: number, offset: bigint): bigint;
  nextHoleAsync(fd: number, offset: bigint): Promise<bigint>;

  /** posix_fadvise(2); does nothing where the system has none. A `length` of 0n means "to the end". */
  advise(fd: number, offset: bigint, length: bigint, advice: FileAdvice): void;
  /**
   * Reads the range into the page cache, and resolves when it is there, as far as the system supports that.
   */
  prefetchAsync(fd: number, offset: bigint, length: bigint): Promise<void>;

  /** Makes a nonblocking listening socket. The file must not exist. */
  listenUnix(path: string): number;
  /** @param address IPv4 or IPv6; port 0 lets the system choose */
  listenTcp(address: string, port: number, ipv6Only: boolean): number;
  /**
   * Listens for clients in virtual machines or on their host; port 0 lets the system choose. ENOTSUP without
   * vsock.
   */
  listenVsock(port: number): number;
  /**
   * Prepares a listening socket of another owner for `acceptClient`; EINVAL for a socket that does not
   * listen.
   */
  adoptListener(fd: number): void;
  localAddress(fd: number): SocketAddress;
  /** Accepts the next queued client, if there is one; its socket is nonblocking. */
  acceptClient(fd: number): (SocketAddress & { readonly fd: number }) | undefined;
  /** Enables TCP keepalive, to detect a vanished peer (SO_KEEPALIVE). */
  keepAlive(fd: number): void;

  /** The TCP port of a service name; -1 for an unknown name. */
  servicePort(name: string): number;
  /** The process and user at the other end of a Unix socket. ENOTSUP where not supported. */
  peerCredentials(fd: number): PeerCredentials;

  /**
   * Starts connecting a nonblocking socket to a machine (vsock(7)). When it becomes writable,
   * `connectOutcome` throws if the connection failed. ENOTSUP without vsock.
   */
  connectVsock(cid: number, port: number): number;
  connectOutcome(fd: number): void;

  /**
   * Waits until `bytes` bytes have arrived, no byte has arrived for `quietUs` µs, or `limitUs` µs have
   * passed. Returns the number of bytes that can be read. It blocks this thread.
   */
  waitForBytes(fd: number, bytes: number, quietUs: number, limitUs: number): number;
  /**
   * Receives into the bytes `start` to `end`. Returns the number of bytes; 0 at end of stream, -1 when it
   * would block.
   */
  receive(fd: number, into: Uint8Array, start: number, end: number): number;
  /** As {@link receive}; bytes that do not fit go to the beginning of `second`. */
  receiveInto(fd: number, first: Uint8Array, start: number, end: number, second: Uint8Array): number;
  /** Sends the bytes `start` to `end`. Returns the number of accepted bytes; -1 when it would block. */
  sendPart(fd: number, from: Uint8Array, start: number, end: number): number;
  /**
   * Sends several buffers in one call. Returns the number of accepted bytes, possibly not all; -1 when it
   * would block.
   */
  sendPieces(fd: number, pieces: readonly Uint8Array[]): number;
  /** Shuts down a connection in both directions (shutdown(2)); the descriptor stays open. */
  shutDown(fd: number): void;
  /**
   * How long, in µs, this event loop polls after the last event before it sleeps; 0 (the initial value)
   * disables this.
   */
  setBusyPoll(microseconds: number): void;
  /** Watches a descriptor on Node's event loop. */
  readonly Watch: new (
    fd: number,
    ready: (readable: boolean, writable: boolean, left: boolean) => void,
  ) => Watch;

  /** Makes a pipe for a child process. A socket would not do: it cannot be opened as /dev/stdout. */
  createPipe(): Pipe;

  /** Duplicates a descriptor (dup(2)). */
  duplicate(fd: number): number;

  /**
   * Makes a folder of mode 0700. `removeFolder` takes the number `folder`. At the latest, the folder and its
   * contents are removed when the environment or the process ends, also by SIGHUP, SIGINT, SIGQUIT and
   * SIGTERM when the program does not handle them, but not by SIGKILL or a crash.
   * @param prefix folder to make it in, and the beginning of its name
   */
  makeFolder(prefix: string): { readonly path: string; readonly folder: number };
  removeFolder(folder: number): void;
  /**
   * Call it when the program stops handling a signal: that has cleared the signal handler of `makeFolder`.
   */
  removeFoldersOnSignals(): void;

  /**
   * Makes an empty file on disk and unlinks it.
   * @param prefix folder to make it in, and the beginning of its name
   */
  createTemporaryFile(prefix: string): number;
  /** An unlinked file in memory (memfd); ENOTSUP where the system has none. */
  createMemoryFile(name: string): number;
  /**
   * Maps a memory file of the given size, for fast access to its allocated pages. A map is an address, valid
   * in all threads until it is closed; 0 when the file does not fit into the address space.
   */
  makeMemoryMap(fd: number, size: bigint): number;
  /**
   * Returns false when a page of the range may not be allocated: then read the file. The range must be
   * inside.
   */
  readMemoryMap(map: number, buffer: Uint8Array, start: number, end: number, offset: number): boolean;
  writeMemoryMap(map: number, buffer: Uint8Array, start: number, end: number, offset: number): boolean;
  /** Records that the pages of the range exist, after a write to the file. */
  madeInMemoryMap(map: number, offset: Offset, length: Offset): void;
  /** Records that the range becomes a hole; call it before. */
  removingFromMemoryMap(map: number, offset: Offset, length: Offset): void;
  closeMemoryMap(map: number): void;
  /** Sets the size of a file. `fs.ftruncate` is limited to 2^53. */
  setSize(fd: number, size: bigint): void;
  /** Size and geometry of an opened block device. */
  blockDevice(fd: number): BlockDevice;

  /**
   * Locks a whole memory file in RAM, out of swap, until it is unlocked or the environment ends. Returns the
   * argument of `unlockMemoryFile`. ENOMEM above the limit of `ulimit -l`, ENOTSUP where not supported.
   */
  lockMemoryFile(fd: number, size: bigint): bigint;
  unlockMemoryFile(lock: bigint): void;

  /**
   * Seeds a fast pseudo-random generator (xoshiro256**), which is not secure. Writes the state of generator
   * `seed` + `index` to the 32 bytes of `state`.
   */
  seedRandom(state: Uint8Array, seed: bigint, index: bigint): void;
  /** Fills `into` with the next numbers of a generator, 8 bytes each, little-endian. */
  drawRandom(state: Uint8Array, into: Uint8Array): void;
  /**
   * Fills `into` with bytes that depend only on `seed` and their own index: each is the lowest byte of a
   * generator's third number.
   */
  scatterRandom(into: Uint8Array, seed: bigint, index: bigint): void;
  scatterRandomAsync(into: Uint8Array, seed: bigint, index: bigint): Promise<void>;
}
