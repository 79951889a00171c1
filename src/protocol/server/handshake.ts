import { NbdError } from "../../core/errors.ts";
import {
  HandshakeFlag,
  Magic,
  Option,
  OptionReply,
  optionBytesMax,
  optionName,
  optionsMax,
  optionsPerListedExport,
} from "../constants.ts";
import { type Conversation, send, startTls, take } from "../conversation.ts";
import type { Answer } from "./answer.ts";
import { answerExportName } from "./export-name.ts";
import type { HandshakeHost, HandshakeState, Negotiated } from "./host.ts";
import { answerInfo } from "./info.ts";
import { answerList } from "./list.ts";
import { answerMetaContext } from "./meta-context.ts";
import { acknowledge, refuse } from "./option-reply.ts";

/**
 * The server side of the newstyle handshake (doc/proto.md, "Newstyle negotiation").
 * @returns undefined when the client sent NBD_OPT_ABORT instead of choosing an export
 * @throws NbdError EPROTO when the client violates the protocol; the caller closes the connection
 */
export function* serverHandshake(host: HandshakeHost): Conversation<Negotiated | undefined> {
  const state = yield* greet(host);
  let count = 0;
  for (; count < optionsMax + optionsPerListedExport * state.listedExports; count++) {
    const answer = yield* answerOption(state);
    if (answer === "abort") return undefined;
    if (answer !== "continue") return answer;
  }
  throw new NbdError("EPROTO", `client sent ${count} options and chose no export`);
}

function* greet(host: HandshakeHost): Conversation<HandshakeState> {
  const greeting = Buffer.allocUnsafe(18);
  greeting.writeBigUInt64BE(Magic.init, 0);
  greeting.writeBigUInt64BE(Magic.option, 8);
  const offered = (HandshakeFlag.fixedNewstyle | HandshakeFlag.noZeroes) & host.offers.flagsMask;
  greeting.writeUInt16BE(offered, 16);
  host.debug(() => `newstyle negotiation: flags: global 0x${offered.toString(16)}`);
  yield* send(greeting);

  const flags = (yield* take(4)).readUInt32BE(0);
  host.debug(() => `newstyle negotiation: client flags: 0x${flags.toString(16)}`);
  if ((flags & ~offered) !== 0) {
    throw new NbdError("EPROTO", `unknown client flags 0x${(flags >>> 0).toString(16)}`);
  }
  return {
    host,
    fixedNewstyle: (offered & HandshakeFlag.fixedNewstyle) !== 0,
    noZeroes: (flags & HandshakeFlag.noZeroes) !== 0,
    encrypted: false,
    replyForm: "simple",
    chosen: { exportName: "", contexts: [] },
    listedExports: 0,
  };
}

function* answerOption(state: HandshakeState): Conversation<Answer> {
  const header = yield* take(16);
  if (header.readBigUInt64BE(0) !== Magic.option) {
    throw new NbdError("EPROTO", "client option does not start with IHAVEOPT");
  }
  const option = header.readUInt32BE(8);
  const length = header.readUInt32BE(12);
  state.host.debug(() => `newstyle negotiation: ${optionName(option)}: ${length} bytes`);
  if (length > optionBytesMax) {
    throw new NbdError(
      "EPROTO",
      `client option ${option} is ${length} bytes long, over the limit of ${optionBytesMax}`,
    );
  }
  const data = yield* take(length);

  if (option === Option.exportName) return yield* answerExportName(state, data);
  if (!state.fixedNewstyle) {
    throw new NbdError(
      "EPROTO",
      `client option ${option} needs the fixed newstyle, which this server does not offer`,
    );
  }
  if (option === Option.abort) {
    yield* acknowledge(option);
    return "abort";
  }
  if (state.host.tls === "require" && !state.encrypted && option !== Option.starttls) {
    yield* refuse(option, OptionReply.errorTlsRequired, "this server requires TLS: send STARTTLS first");
    return "continue";
  }
  return yield* answerFixedOption(state, option, data);
}

function* answerFixedOption(state: HandshakeState, option: number, data: Buffer): Conversation<Answer> {
  switch (option) {
    case Option.list:
      return yield* answerList(state, data);
    case Option.info:
    case Option.go:
      return yield* answerInfo(state, option, data);
    case Option.listMetaContext:
    case Option.setMetaContext:
      return yield* answerMetaContext(state, option, data);
    case Option.starttls:
      return yield* answerStartTls(state, data);
    case Option.structuredReply:
      return yield* answerReplyForm(state, option, "structured", data);
    case Option.extendedHeaders:
      return yield* answerReplyForm(state, option, "extended", data);
    default:
      yield* refuse(option, OptionReply.errorUnsupported, `option ${option} is not supported`);
      return "continue";
  }
}

function* answerStartTls(state: HandshakeState, data: Buffer): Conversation<Answer> {
  if (data.length > 0) {
    yield* refuse(Option.starttls, OptionReply.errorInvalid, "STARTTLS takes no data");
  } else if (state.encrypted) {
    yield* refuse(Option.starttls, OptionReply.errorInvalid, "TLS is on already");
  } else if (state.host.tls === "off") {
    yield* refuse(Option.starttls, OptionReply.errorPolicy, "this server does not use TLS");
  } else {
    yield* acknowledge(Option.starttls);
    yield* startTls();
    // doc/proto.md, "NBD_OPT_STARTTLS": TLS voids everything that was negotiated before it.
    state.encrypted = true;
    state.replyForm = "simple";
    state.chosen = { exportName: "", contexts: [] };
  }
  return "continue";
}

function* answerReplyForm(
  state: HandshakeState,
  option: number,
  form: "structured" | "extended",
  data: Buffer,
): Conversation<Answer> {
  if (data.length > 0) {
    yield* refuse(option, OptionReply.errorInvalid, `option ${option} takes no data`);
  } else if (!state.host.offers.structuredReplies) {
    yield* refuse(option, OptionReply.errorUnsupported, "structured replies are switched off");
  } else if (form === "extended" && !state.host.offers.extendedHeaders) {
    yield* refuse(option, OptionReply.errorUnsupported, "extended headers are switched off");
  } else if (form === "structured" && state.replyForm === "extended") {
    yield* refuse(option, OptionReply.errorExtendedHeadersRequired, "extended headers are on already");
  } else {
    state.replyForm = form;
    yield* acknowledge(option);
  }
  return "continue";
}
