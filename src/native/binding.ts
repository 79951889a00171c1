/**
 * Everything that C++ does for us, and nothing else.
 *
 * Offsets and sizes are bytes. A failure throws (or rejects with) an `Error` whose `code` is the
 * errno's name ("ENOSPC"), `errno` its positive number and `syscall` the call that failed. The functions ending in
 * `Async` do the same work on the thread pool; a buffer given to one must stay untouched until
 * its promise settles.
 */
export interface NativeBinding {
  /**
   * Closes a descriptor that a function here has made. Until then the addon owns it: it is closed with the environment (the main
   * thread, or a worker thread that was ended) at the latest. `fs.closeSync` is not for it. EBADF for any other descriptor.
   */
  closeDescriptor(fd: number): void;
  /** Gives up a descriptor that a function here has made: another owner, such as a `net.Socket`, closes it. EBADF for any other. */
  handOver(fd: number): void;
  /** Makes a descriptor of another owner the addon's, as if a function here had made it. EEXIST when it is the addon's already. */
  own(fd: number): void;

  /** What this build can do on this system; the keys of `--dump-config` and `--dump-plugin` follow from it. */
  readonly features: NativeFeatures;

  /**
   * Asks that this process get SIGTERM when its parent process ends (the thread that started us may end before), and
   * sends it at once if the parent is no longer `parentPid`. Throws ENOTSUP where the system cannot do it.
   */
  exitWithParent(parentPid: number): void;
  /** Takes back {@link exitWithParent}, also one made by the launcher before this process ran Node. */
  cancelExitWithParent(): void;

  /** The number of a user by name, or -1 when there is none (getpwnam(3)). */
  userId(name: string): number;
  /** The number of a group by name, or -1 when there is none (getgrnam(3)). */
  groupId(name: string): number;
  /** Keeps all memory of this process in place, now and later (mlockall(2)). ENOTSUP where the system cannot. */
  lockAllMemory(): void;
  /** Lets this process keep that up when it is no longer root. EPERM where the limit is not ours to raise. */
  unlimitLockedMemory(): void;
  /** Sends a datagram to a Unix socket; a path that begins with "@" is an abstract one. Waits a second at most. */
  sendDatagram(path: string, message: Uint8Array): void;
  /** Writes an error to the system log, as `nbdkit[PID]: MESSAGE`. */
  systemLog(message: string): void;

  /**
   * A signal that Node handles ends the process nevertheless when `signalHeard` is not called within the time, or before
   * it is sent again a second later: JavaScript may be busy for ever.
   * @param signal its number
   */
  endUnlessHeard(signal: number, seconds: number): void;
  /** @param seconds within which it must be called again, or the process ends as well; 0 is never */
  signalHeard(seconds: number): void;
  /** Ends the process at once. Node's own way waits for the threads of the pool, however long their system calls take. */
  exitNow(status: number): never;

  /** Whether nobody can write to a pipe or socket any more, whatever still waits in it to be read. EBADF for no open descriptor. */
  isHungUp(fd: number): boolean;

  /** Fills `into` from the file at `offset`; returns the bytes read, fewer only at the end of the file. */
  pread(fd: number, into: Uint8Array, offset: bigint): number;
  preadAsync(fd: number, into: Uint8Array, offset: bigint): Promise<number>;
  /**
   * As {@link pread}, but only as far as that needs no waiting for a disk: returns the bytes read, which may be
   * fewer than asked, or -1 where nothing could be read without waiting or the system cannot tell.
   */
  preadNow(fd: number, into: Uint8Array, offset: bigint): number;
  /** Writes all of `from` at `offset`. */
  pwrite(fd: number, from: Uint8Array, offset: bigint): void;
  pwriteAsync(fd: number, from: Uint8Array, offset: bigint): Promise<void>;

  /** `pread`, `preadNow` and `pwrite` on the part of a buffer from `start` to `end`, which need make no view for it. */
  preadPart(fd: number, buffer: Uint8Array, start: number, end: number, offset: Offset): number;
  preadPartNow(fd: number, buffer: Uint8Array, start: number, end: number, offset: Offset): number;
  pwritePart(fd: number, buffer: Uint8Array, start: number, end: number, offset: Offset): void;

  /** Deallocates the range; it reads as zeroes afterwards and the size stays. ENOTSUP where not possible. */
  punchHole(fd: number, offset: bigint, length: bigint): void;
  punchHoleAsync(fd: number, offset: bigint, length: bigint): Promise<void>;
  /** Makes the range read as zeroes and keeps (or makes) it allocated. ENOTSUP where not possible. */
  zeroRange(fd: number, offset: bigint, length: bigint): void;
  zeroRangeAsync(fd: number, offset: bigint, length: bigint): Promise<void>;
  /** Block devices only: zeroes written by the device or the kernel (BLKZEROOUT). */
  blockZeroOutAsync(fd: number, offset: bigint, length: bigint): Promise<void>;
  /** Block devices only: discards; what the range reads as afterwards is the device's choice (BLKDISCARD). */
  blockDiscardAsync(fd: number, offset: bigint, length: bigint): Promise<void>;

  /** The first offset at or after `offset` that holds data, or -1n when there is none up to the end. */
  nextData(fd: number, offset: bigint): bigint;
  nextDataAsync(fd: number, offset: bigint): Promise<bigint>;
  /** The first offset at or after `offset` that lies in a hole; the end of the file counts as one. -1n past the end. */
  nextHole(fd: number, offset: bigint): bigint;
  nextHoleAsync(fd: number, offset: bigint): Promise<bigint>;

  /** posix_fadvise; does nothing where the system has none. A `length` of 0n means "to the end". */
  advise(fd: number, offset: bigint, length: bigint, advice: FileAdvice): void;
  /** Starts reading the range into the page cache and waits until it is there, or as near as the system can do. */
  prefetchAsync(fd: number, offset: bigint, length: bigint): Promise<void>;

  /** A listening socket that does not block. Its file must not exist. */
  listenUnix(path: string): number;
  /** @param address IPv4 or IPv6; port 0 lets the system choose */
  listenTcp(address: string, port: number, ipv6Only: boolean): number;
  /** Whoever connects from a virtual machine or its host; port 0 lets the system choose. ENOTSUP where there is no vsock. */
  listenVsock(port: number): number;
  /** Makes a listening socket of somebody else's ready for `acceptClient`; EINVAL for one that does not listen. */
  adoptListener(fd: number): void;
  localAddress(fd: number): SocketAddress;
  /** The next client that waits, if one does; its socket does not block. */
  acceptClient(fd: number): (SocketAddress & { readonly fd: number }) | undefined;
  /** Asks the system to find out whether an idle peer is still there (SO_KEEPALIVE). */
  keepAlive(fd: number): void;

  /** The TCP port of a service; -1 when the system does not know the name. */
  servicePort(name: string): number;
  /** Who is at the other end of a Unix socket. ENOTSUP where the system does not tell. */
  peerCredentials(fd: number): PeerCredentials;

  /**
   * A socket that does not block and is being connected to a machine (vsock(7)). When it has become writable,
   * `connectOutcome` throws if it could not be. ENOTSUP where there is no vsock.
   */
  connectVsock(cid: number, port: number): number;
  connectOutcome(fd: number): void;

  /**
   * Bytes that have arrived, once `bytes` are there, nothing more has come for `quietUs`, or `limitUs` (µs) are over.
   * Meanwhile nothing else runs on this thread.
   */
  waitForBytes(fd: number, bytes: number, quietUs: number, limitUs: number): number;
  /** Bytes received into the part from `start` to `end`; 0 when no more will come, -1 when none are there now. */
  receive(fd: number, into: Uint8Array, start: number, end: number): number;
  /** The same, where what does not fit goes on at the beginning of `second`. */
  receiveInto(fd: number, first: Uint8Array, start: number, end: number, second: Uint8Array): number;
  /** Bytes taken of the part from `start` to `end`; -1 when there is no room now. */
  sendPart(fd: number, from: Uint8Array, start: number, end: number): number;
  /** Bytes taken of all pieces together, which is less than all of them when there are many; -1 when there is no room. */
  sendPieces(fd: number, pieces: readonly Uint8Array[]): number;
  /** Ends a connection both ways, as closing its descriptor would; the descriptor stays open. */
  shutDown(fd: number): void;
  /** How long, in µs, this loop goes on looking after something came, before it sleeps; 0, as at first, for not at all. */
  setBusyPoll(microseconds: number): void;
  /** Waits for a descriptor on Node's loop. */
  readonly Watch: new (
    fd: number,
    ready: (readable: boolean, writable: boolean, left: boolean) => void,
  ) => Watch;

  /** A pipe for a program that we start, whose sockets would not open as /dev/stdout. */
  createPipe(): Pipe;

  /** Another descriptor of the same file or socket. */
  duplicate(fd: number): number;

  /**
   * A new folder that only this user can enter. `removeFolder` takes the number `folder`. The folder is removed, with all that is
   * in it, when the environment or the process ends at the latest: also by SIGHUP, SIGINT, SIGQUIT and SIGTERM where
   * the program does not handle them, but not by SIGKILL and after a crash.
   * @param prefix folder that it is made in, and how its name begins
   */
  makeFolder(prefix: string): { readonly path: string; readonly folder: number };
  removeFolder(folder: number): void;
  /** To be called when the program has stopped handling a signal: the system has forgotten then what `makeFolder` had arranged. */
  removeFoldersOnSignals(): void;

  /**
   * An empty file on a disk that has no name any more.
   * @param prefix folder, and how the name began
   */
  createTemporaryFile(prefix: string): number;
  /** An unlinked file in memory (memfd); ENOTSUP where the system has none. */
  createMemoryFile(name: string): number;
  /**
   * Maps a memory file of that many bytes: a quick way to those of its pages that exist. A map is its address, good in all
   * threads until it is closed; 0 for a file that does not fit into the address space.
   */
  makeMemoryMap(fd: number, size: bigint): number;
  /** False where a page of the range may not exist: then only the file knows. The range must lie inside. */
  readMemoryMap(map: number, buffer: Uint8Array, start: number, end: number, offset: number): boolean;
  writeMemoryMap(map: number, buffer: Uint8Array, start: number, end: number, offset: number): boolean;
  /** The file was written to: the pages of the range exist. */
  madeInMemoryMap(map: number, offset: Offset, length: Offset): void;
  /** The range is about to become a hole. */
  removingFromMemoryMap(map: number, offset: Offset, length: Offset): void;
  closeMemoryMap(map: number): void;
  /** Sets the size of a file; `fs.ftruncate` stops at 2^53. */
  setSize(fd: number, size: bigint): void;
  /** Size and geometry of an open block device. */
  blockDevice(fd: number): BlockDevice;

  /**
   * Keeps all of a memory file in RAM, never in swap, until it is unlocked or the environment ends. Returns what
   * `unlockMemoryFile` wants to have. ENOMEM above the limit of `ulimit -l`, ENOTSUP where the system has no such thing.
   */
  lockMemoryFile(fd: number, size: bigint): bigint;
  unlockMemoryFile(lock: bigint): void;

  /**
   * Pseudo-random numbers, fast and no secret (xoshiro256**). The 32 bytes of `state` become those of the generator
   * that `seed` + `index` stands for.
   */
  seedRandom(state: Uint8Array, seed: bigint, index: bigint): void;
  /** Fills `into` with the next numbers of a generator, 8 bytes each, little-endian. */
  drawRandom(state: Uint8Array, into: Uint8Array): void;
  /**
   * Fills `into` with bytes that each depend on `seed` and their own index alone: the lowest byte of the third number
   * of a generator.
   */
  scatterRandom(into: Uint8Array, seed: bigint, index: bigint): void;
  scatterRandomAsync(into: Uint8Array, seed: bigint, index: bigint): Promise<void>;
}

/** Bytes; a number where it is exact. */
export type Offset = bigint | number;

export interface Watch {
  /**
   * What to call back for from now on; nothing at first. `left` tells of both `end`, when the peer sends no more, and
   * `hangUp`, when it takes nothing either (of that, only on Linux). What has failed is ready for everything, and is
   * waited for again only after another call.
   */
  want(readable: boolean, writable: boolean, end?: boolean, hangUp?: boolean): void;
  /** No call comes after this. The descriptor stays open. */
  close(): void;
}

/** Descriptors: what is written into one can be read from the other. */
export interface Pipe {
  readonly readEnd: number;
  readonly writeEnd: number;
}

export interface SocketAddress {
  readonly family: "tcp" | "unix" | "vsock";
  /** IP address; the path of a Unix socket, empty when it has no name; the number of a machine (vsock). */
  readonly host: string;
  readonly port: number;
}

/** What the system does not know is absent. */
export interface PeerCredentials {
  readonly pid?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Usually what SELinux calls the peer. */
  readonly securityContext?: string;
}

export interface NativeFeatures {
  readonly exitWithParent: boolean;
  readonly punchHole: boolean;
  readonly zeroRange: boolean;
  readonly extents: boolean;
  readonly fadvise: boolean;
  readonly memoryFile: boolean;
  readonly memoryLock: boolean;
  /** BLKSSZGET, BLKZEROOUT, BLKDISCARD, BLKROTATIONAL */
  readonly blockDevice: boolean;
}

export type FileAdvice = "normal" | "random" | "sequential" | "dontneed" | "willneed";

export interface BlockDevice {
  /** bytes */
  readonly size: bigint;
  /** bytes: the smallest addressable unit */
  readonly logicalBlockSize: number;
  /** bytes: the smallest unit written without a read first */
  readonly physicalBlockSize: number;
  /** bytes: preferred unit (0 when the device names none) */
  readonly optimalBlockSize: number;
  readonly rotational: boolean;
}
