// Chinese for the help of each setting (src/server/settings_table.c), by its name, and for why a value is
// refused. A test holds both against the server's files.
export const settingsWords = {
    domain: "所服务的 XMPP 域名，即地址中 @ 之后的部分。未设置时，首次启动会询问。",
    data: "存放数据库、令牌密钥、首次启动时生成的证书和控制套接字的目录。不存在时自动创建，仅属主可访问。",
    loops: "处理连接的事件循环数量，每个循环占用一个线程。0 表示与机器的核心数相同。",

    "c2s.listen":
        "客户端用 STARTTLS 加密的监听地址：IP:PORT、[IPv6]:PORT，或用 *:PORT 表示两种协议的所有地址。端口 0 表示任取一个空闲端口。",
    "c2s.listen_tls": "客户端从第一个字节起就使用 TLS 的监听地址（XEP-0368）。",
    "c2s.resume_s":
        "连接中断的会话等待恢复的时长（XEP-0198）。期间发给它的内容会保留，上限为 limits.send_queue_bytes，服务器停止再启动时也会保留。0 表示会话随连接结束。",

    "tls.certificate": "证书及其证书链，PEM 格式。留空时服务器自行生成 DATA/tls/cert.pem。",
    "tls.key": "证书的私钥，PEM 格式。",
    "tls.early_data":
        "允许曾经登录过的客户端在最初发送的字节中用令牌登录（TLS 1.3 早期数据，XEP-0484），节省一个往返。截获者可以重放这些内容；但在所有循环上，每张票据和令牌的每个计数都只接受一次。",

    "login.mechanisms": "提供的 SASL 机制；留空时提供 login.legacy 允许的全部机制，最强的在前。",
    "login.legacy":
        "为旧软件允许较弱的 DIGEST-MD5 机制，并为此后设置的密码保存它所需的凭据。关闭后，这些凭据会在下次启动时删除。",
    "login.iterations": "此后设置的密码在生成 SCRAM 凭据时的 PBKDF2 迭代次数。每次登录控制台或使用 PLAIN 登录时，服务器都要计算同样多次，陌生人猜测密码时也一样：600000 次约占用一个核心三分之一秒，因此不能更多。已有的密码保留原来的次数，客户端可据此把它们与不存在的用户名区分开；更改后请重新设置这些密码。",
    "login.token_days":
        "客户端获得的免密码登录令牌（FAST，XEP-0484）的有效天数；到期之前会换发新令牌。0 表示既不发放也不接受令牌。",
    "login.token_key_file":
        "用于派生令牌的密钥文件，只有服务器的用户可以读取；不存在时自动创建。留空时为 DATA/token.key。与数据库分开存放时，被盗的数据库副本无法用于登录。没有旧文件时所有令牌作废，客户端须重新用密码登录。",
    "login.throttle":
        "减慢猜测密码的速度。同一地址（IPv6 为 /64）出现 5 次错误密码后，其后续尝试依次延迟 1、2、4，最多 8 秒应答；同一账号出现 10 次后，来自从未登录过该账号的地址的尝试最多延迟 4 秒。对同一账号同时进行的尝试在结束前都算作错误。延迟会在几分钟内消退，不会锁定任何人。",

    "logins.keep":
        "linnetctl logins 可以显示的最近登录次数，无论成败，包括除机密以外的通信内容。它们保存在内存中，最多 1 MiB。0 表示不保留。",

    "limits.max_stanza_bytes": "已登录客户端可发送的最大节（stanza）；超过时以 policy-violation 结束其流。",
    "limits.max_stanza_bytes_before_auth": "登录之前的同一限制。",
    "limits.auth_timeout_s": "一个连接从建立到登录并绑定资源所允许的时长。",
    "limits.idle_timeout_s": "客户端多久没有发送任何字节之后，以 connection-timeout 结束其流。0 表示永不。",
    "limits.sessions_per_account": "一个账号可同时绑定的资源数；再多则以 resource-constraint 拒绝。",
    "limits.connections_per_address": "一个 IP 地址可同时保持的连接数；再多则立即关闭。",
    "limits.handshakes_per_turn": "一个循环在服务已登录的客户端之前推进的 TLS 握手数。",
    "limits.memory_per_loop_bytes": "一个循环的连接可占用的缓冲区总量；超过时结束占用最多的连接。",
    "limits.send_queue_bytes":
        "等待发送给一个客户端或等待其确认（XEP-0198）的数据上限。超过四分之一时，向该客户端发送的一方需要等待；超过上限时以 resource-constraint 结束其流。",

    "log.level": "记录到日志的最低消息级别。",
    "log.format": "每条消息的格式：供人阅读的一行文字，或一个 JSON 对象。",

    "audit.keep": "审计记录（linnetctl audit）中最多保留多少条更改：谁在何时更改了什么。写入新记录时，最旧的记录会被删除；但最近一天的更改会保留，直到条数达到该值的十倍。控制台登录、失败的登录，以及不留下持久更改的操作（例如 linnetctl reload）分别计数。",

    "console.listen":
        "网页控制台的监听地址，供有角色的账号使用（linnetctl user role）。由于使用不加密的 HTTP，只能是本机地址（127.0.0.1、[::1]）；从别处访问请用隧道（ssh -L 9090:127.0.0.1:9090）。留空表示没有。",
    "console.listen_tls": 
        "网页控制台的 TLS 监听地址，可以是任何地址，通常是 *:9091。留空表示没有。浏览器须用 IP 地址或其证书中的名称访问。",
    "console.certificate":
        "console.listen_tls 的证书及其证书链，PEM 格式。留空时服务器自行生成 DATA/console/cert.pem，浏览器会对它发出警告。在控制台启动时读取。",
    "console.key": "该证书的私钥，PEM 格式。",
    "console.program": "控制台的程序。留空时使用 linnetd 旁边的 linnet-console。",

    "control.socket": "linnetctl 所连接的套接字。留空时为 DATA/control.sock。",

    "setup.user": 
        "首位管理员的用户名。启动时若已有域名而没有任何管理员，就用 setup.password_file 中的密码创建该账号；账号已存在时则使其成为管理员，密码不变。此时不会打印设置链接。",
    "setup.password_file": "setup.user 的密码：只有服务器的用户可以读取的文件的第一行。仅在那时读取。",
};
