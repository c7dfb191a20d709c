// What the server says in fixed English words of sign-ins (src/server/login_words.c), in Chinese. A
// test holds the left side against that file.
export const serverWords = {
    "The connection was tampered with": "连接被篡改",
    "Something between the two opens TLS (a proxy, a virus scanner, an attacker), or a client binds the wrong bytes; the password was not given away.":
        "双方之间有设备解开了 TLS（代理、杀毒软件或攻击者），或客户端的通道绑定有误；密码没有泄露。",
    "Token not valid": "令牌无效",
    "Token used before": "令牌已被用过",
    "A client whose memory was copied or put back does that. If none was, somebody saw a sign-in in TLS early data and plays it again, which lets nobody in. The client signs in with the password next, and gets a new token.":
        "客户端的记录被复制或还原过时会这样。若没有，就是有人截获了 TLS 早期数据中的登录并重放，但这样无法登录。客户端接着会用密码登录并获得新令牌。",
    "The offer was changed on its way": "机制列表在途中被更改",
    "Something between the two changes what is said, or the client is wrong about channel binding; the password was not given away.":
        "双方之间有设备更改了内容，或客户端的通道绑定有误；密码没有泄露。",
    "The client signs in wrongly": "客户端登录方式有误",
    "The password was not looked at: some clients try in this way what the server does not have. If no other attempt follows, it is a bug of the client.":
        "没有检查密码：有些客户端会这样试探服务器不具备的功能。如果没有后续尝试，则是客户端的缺陷。",
    "No such account": "没有这个账号",
    "Wrong password": "密码错误",
    "Nobody acts for another": "不能代表他人登录",
    "Leave the authorization identity (authzid) empty in the client.": "请在客户端中将授权身份（authzid）留空。",
    "Account disabled": "账号已停用",
    "Password expired": "密码已过期",
    "The server could not check the sign-in": "服务器无法验证登录",
    "Sign-in without encryption": "未加密的登录",
    "Switch STARTTLS on in the client, or direct TLS at the port of c2s.listen_tls.":
        "请在客户端启用 STARTTLS，或使用 c2s.listen_tls 端口的直接 TLS。",
    "No common sign-in method": "没有共同的登录机制",
    "The client broke off the sign-in": "客户端中断了登录",
    "The client did not like the server's answer, or the person changed their mind: the client's own words say which.":
        "客户端不接受服务器的应答，或用户改变了主意：客户端自己的提示会说明。",
    "Too many sessions": "会话过多",
    "Ended by the server's rules": "因服务器规则而结束",
    "The limits.* settings say what a client may do before it has signed in.":
        "limits.* 设置决定客户端登录前可以做什么。",
    "The client refused the certificate": "客户端拒绝了证书",
    "TLS failed": "TLS 失败",
    "TLS 1.2 and 1.3 are spoken here. Old software may know neither; a port scanner does not care.":
        "这里支持 TLS 1.2 和 1.3。旧软件可能都不支持；端口扫描器则不在乎。",
    "Not XMPP": "不是 XMPP",
    "Port scanners and web browsers do that. If it was a client of yours, check its port: c2s.listen is for STARTTLS, c2s.listen_tls for TLS at once.":
        "端口扫描器和浏览器会这样。如果是您的客户端，请检查端口：c2s.listen 用于 STARTTLS，c2s.listen_tls 用于直接 TLS。",
    "The client took too long": "客户端用时过长",
    "limits.auth_timeout_s says how long it may take. The last line of the stages is how far it came.":
        "limits.auth_timeout_s 决定允许的时长。阶段的最后一行显示进行到哪里。",
    "The client wants another domain": "客户端请求了其他域名",
    "Correct the domain of the address in the client; or it is DNS that sends clients of that domain here.":
        "请更正客户端中地址的域名；也可能是 DNS 把该域名的客户端指向了这里。",
    "The client left without asking for TLS": "客户端未请求 TLS 就离开",
    "It may have only looked. If it cannot sign in, switch STARTTLS on in it, or direct TLS at the port of c2s.listen_tls.":
        "它可能只是查看。如果无法登录，请在客户端启用 STARTTLS，或使用 c2s.listen_tls 端口的直接 TLS。",
    "The client said nothing": "客户端什么也没说",
    "Port scanners and load balancers do that; nothing is wrong here.": "端口扫描器和负载均衡器会这样，没有问题。",
    "The client left without trying to sign in": "客户端未尝试登录就离开",
    "The client went away": "客户端离开",
    "If that happens each time, the client's own words say why; the trace shows what it heard last.":
        "如果每次都这样，客户端自己的提示会说明原因；跟踪记录显示它最后收到的内容。",
    "Ended by the server": "由服务器结束",
    "The server's log has more.": "详情见服务器日志。",
    "The client broke the rules of XMPP": "客户端违反 XMPP 规则",
    "The sign-in failed": "登录失败",
};
