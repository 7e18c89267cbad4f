#pragma once

#include "base/error.hpp"
#include "wire/gossiperl/messages.hpp"
#include "wire/gossiperl/thrift/gossiperl_types.h"

// Between the structs that thrift-compiler makes and ours. Included by the codec and by nobody
// else, so that libthrift stays in this folder.
namespace grapevine::wire::gossiperl {

/// Takes the texts out of `from`. Refuses a text longer than `kOldTextBytesMax`, a list longer than
/// `kOldListMax` and a port outside 1 to 65535; then what is left in `from` is unspecified.
Result<Message> take(thrift::Digest& from);
Result<Message> take(thrift::DigestAck& from);
Result<Message> take(thrift::DigestSubscriptions& from);
Result<Message> take(thrift::DigestExit& from);
Result<Message> take(thrift::DigestSubscribe& from);
Result<Message> take(thrift::DigestUnsubscribe& from);
Result<Message> take(thrift::DigestSubscribeAck& from);
Result<Message> take(thrift::DigestUnsubscribeAck& from);
Result<Message> take(thrift::DigestEvent& from);
Result<Message> take(thrift::DigestForwardedAck& from);
Result<Message> take(thrift::DigestError& from);

/// `over_limit` for `field` when the text is longer than `kOldTextBytesMax`.
Result<void> check_text(std::string_view text, std::string_view field);

thrift::Digest to_thrift(const Digest& message);
thrift::DigestAck to_thrift(const DigestAck& message);
thrift::DigestSubscriptions to_thrift(const DigestSubscriptions& message);
thrift::DigestExit to_thrift(const DigestExit& message);
thrift::DigestSubscribe to_thrift(const DigestSubscribe& message);
thrift::DigestUnsubscribe to_thrift(const DigestUnsubscribe& message);
thrift::DigestSubscribeAck to_thrift(const DigestSubscribeAck& message);
thrift::DigestUnsubscribeAck to_thrift(const DigestUnsubscribeAck& message);
thrift::DigestEvent to_thrift(const DigestEvent& message);
thrift::DigestForwardedAck to_thrift(const DigestForwardedAck& message);
thrift::DigestError to_thrift(const DigestError& message);

}  // namespace grapevine::wire::gossiperl
