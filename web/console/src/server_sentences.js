// The sentences of src/server/login_words.c, in Chinese. A test holds the left side against that file.
export const serverSentences = {
    "Client and server see different TLS connections: {reason}[; {tries} attempts were refused in all].":
        "客户端与服务器看到的 TLS 连接不同：{reason}[；共拒绝 {tries} 次尝试]。",
    "The token that the client presented for [{address}|an account] is not valid[; {tries} attempts were refused in all].":
        "客户端为[ {address} |账号]出示的令牌无效[；共拒绝 {tries} 次尝试]。",
    "The token that the client presented for [{address}|an account] was right, but its count had been used before, or it was taken back at this moment[; {tries} attempts were refused in all].":
        "客户端为[ {address} |账号]出示的令牌正确，但其计数已被用过，或令牌刚被收回[；共拒绝 {tries} 次尝试]。",
    "The client was shown other mechanisms than the server offers: {reason}[; {tries} attempts were refused in all].":
        "客户端看到的机制与服务器提供的不同：{reason}[；共拒绝 {tries} 次尝试]。",
    "The sign-in[ of {address}][ with {mechanism}] was refused: {reason}[; {tries} attempts were refused in all].":
        "[{address} 的]登录[（{mechanism}）]被拒绝：{reason}[；共拒绝 {tries} 次尝试]。",
    "[There is no account {address} that could sign in with {mechanism}|There is no account {address}|The user name is none that an account could have][; {tries} attempts were refused in all].":
        "[没有可以用 {mechanism} 登录的账号 {address}|没有账号 {address}|该用户名不可能是账号][；共拒绝 {tries} 次尝试]。",
    "The password given for [{address}|the account] was wrong[; {tries} attempts were refused in all].":
        "[{address} |账号]的密码错误[；共拒绝 {tries} 次尝试]。",
    "The client wanted to sign in[ as {address}] and to act for somebody else.":
        "客户端想[以 {address} 的身份]登录并代表他人行事。",
    "The password was right, but the account[ {address}] is disabled.":
        "密码正确，但账号[ {address} ]已停用。",
    "The password[ of {address}] has expired.":
        "[{address} 的]密码已过期。",
    "The server could not check the sign-in[ of {address}][: {reason}].":
        "服务器无法验证[ {address} 的]登录[：{reason}]。",
    "The client tried to sign in without TLS, which is refused.":
        "客户端试图不经 TLS 登录，已被拒绝。",
    "The client asked for [{mechanism}, which is not on offer|a sign-in method that is not on offer][; {tries} attempts were refused in all].":
        "客户端请求的[ {mechanism} |登录机制]不在提供之列[；共拒绝 {tries} 次尝试]。",
    "The client broke off the sign-in[ as {address}][ with {mechanism}].":
        "客户端中断了[ {address} 的]登录[（{mechanism}）]。",
    "[{address}|The account] has as many sessions as it may have ({reason}).":
        "[{address} |账号]的会话数已达上限（{reason}）。",
    "The server ended the connection[: {reason}].":
        "服务器结束了连接[：{reason}]。",
    "The client did not accept the server's certificate: {reason}.":
        "客户端不接受服务器的证书：{reason}。",
    "TLS could not be set up[: {reason}].":
        "无法建立 TLS[：{reason}]。",
    "What connected does not speak XMPP here[; it said: {found}].":
        "连接方使用的不是 XMPP[；它发送了：{found}]。",
    "The client had not signed in after [{seconds} s|the time that it is given].":
        "客户端在[ {seconds} 秒|规定时间]内没有登录。",
    "The client asked for [{domain}; this server serves {server}|a domain that is not served here].":
        "客户端请求[ {domain}，而本服务器服务于 {server}|的域名不在本服务器]。",
    "The client was told that TLS is required, and left[: {reason}].":
        "客户端得知必须使用 TLS 后离开[：{reason}]。",
    "The client connected and left[: {reason}].":
        "客户端连接后离开[：{reason}]。",
    "TLS was set up, and the client left before it tried to sign in[: {reason}].":
        "TLS 已建立，但客户端尚未尝试登录就离开了[：{reason}]。",
    "The client went away before it had signed in[: {reason}].":
        "客户端在登录之前离开[：{reason}]。",
    "The exchange broke the rules of XMPP[: {reason}].":
        "通信违反了 XMPP 规则[：{reason}]。",
    "The sign-in failed[: {reason}].":
        "登录失败[：{reason}]。",
};
