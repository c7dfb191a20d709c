// Words of the home page.
import { addMessages } from "../messages.js";

addMessages({
    "home.lead": ["Linnet {version}, up for {time}", "Linnet {version}，已运行 {time}"],
    "home.online": ["Online", "在线"],
    "home.connections": ["{sessions|session|sessions}, on {n} {n|connection|connections}", "个会话，{n} 个连接"],
    "home.signing_in": ["Signing in", "正在登录"],
    "home.signing_in_note": ["at this moment", "此刻"],
    "home.sign_ins": ["Sign-ins", "登录次数"],
    "home.failed": ["in the last hour, {n} failed", "过去一小时，失败 {n} 次"],
    "home.none_failed": ["in the last hour, none failed", "过去一小时，无失败"],
    "home.memory": ["Memory", "内存"],
    "home.loops": ["of sessions, on {n} {n|loop|loops}", "会话占用，{n} 个循环"],
    "home.messages": ["Messages", "消息"],
    "home.messages_note": ["{n} since the start", "启动以来 {n} 条"],
    "home.per_second": ["{rate} per second", "每秒 {rate} 条"],
    "home.lag": ["Lateness of loops", "事件循环延迟"],
    "home.lag_note": ["worst of 10 seconds", "10 秒内最差"],
    "home.commit": ["Database commit", "数据库提交"],
    "home.commit_note": ["mean of 10 seconds, worst {worst}", "10 秒内平均，最差 {worst}"],
    "home.trend": ["{label}, the last five minutes: {now} now, {most} at most", "{label}，过去五分钟：现在 {now}，最高 {most}"],
    "home.hour": ["Sign-ins of the last hour", "过去一小时的登录"],
    "home.hour_summary": [
        "Sign-ins of the last hour, by minute: {good} went well, {failed} failed",
        "过去一小时按分钟统计的登录：成功 {good} 次，失败 {failed} 次",
    ],
    "home.bar": ["{time}: {good} went well, {failed} failed", "{time}：成功 {good} 次，失败 {failed} 次"],
    "home.key_good": ["Signed in", "成功"],
    "home.key_bad": ["Failed", "失败"],
    "home.now": ["now", "现在"],
    "home.latest": ["Latest sign-ins", "最近登录"],
    "home.all": ["All sign-ins", "全部登录"],
    "home.attention": ["Needs attention", "需要关注"],
    "home.server": ["Server", "服务器"],
    "home.listening": ["Listening on", "监听地址"],
    "home.certificate": ["Certificate", "证书"],
    "home.until": ["Valid until", "有效期至"],
    "home.pin": ["Pin", "公钥指纹"],
    "home.copy_pin": ["Copy the pin", "复制公钥指纹"],

    "alert.certificate-expired": ["The certificate expired on {day}", "证书已于 {day} 过期"],
    "alert.certificate-expired.fix": [
        "Clients refuse to connect. Put a new one where tls.certificate points, then reload it.",
        "客户端会拒绝连接。请将新证书放到 tls.certificate 指定的位置，然后重新加载。",
    ],
    "alert.certificate-expires": ["The certificate expires in {days} {days|day|days}", "证书将在 {days} 天后过期"],
    "alert.certificate-expires.fix": [
        "Put a new one where tls.certificate points, then reload it: sessions go on.",
        "请将新证书放到 tls.certificate 指定的位置，然后重新加载；现有会话不受影响。",
    ],
    "alert.certificate-name": ["The certificate is not for {domain}", "证书不适用于 {domain}"],
    "alert.certificate-name.fix": [
        "Clients refuse it. Get one for the domain; one that the server made itself is made anew at the next start when it is removed.",
        "客户端会拒绝它。请获取该域名的证书；服务器自制的证书删除后会在下次启动时重新生成。",
    ],
    "alert.certificate-self-signed": ["The certificate is self-signed", "证书是自签名的"],
    "alert.certificate-self-signed.fix": [
        "Clients cannot check it by themselves. Get one from a public authority, or give people the pin.",
        "客户端无法自行验证。请使用公共机构签发的证书，或把公钥指纹告知用户。",
    ],
    "alert.memory": ["A loop holds {percent}% of the memory it may have", "某个事件循环已用去允许内存的 {percent}%"],
    "alert.memory.fix": [
        "Beyond that, connections are ended, the largest first. limits.memory_per_loop_bytes says how much it may have.",
        "超出后连接会被断开，占用最多的先断。limits.memory_per_loop_bytes 决定上限。",
    ],
    "alert.commit-slow": ["The database took up to {worst_ms} ms to write", "数据库写入最慢用了 {worst_ms} 毫秒"],
    "alert.commit-slow.fix": [
        "Sign-ins and changes wait for it. See what else uses the disk, and whether it is failing or full.",
        "登录和修改都在等待它。请检查磁盘是否被其他程序占用、损坏或已满。",
    ],
    "alert.loop-late": ["A loop was up to {worst_ms} ms late", "某个事件循环最多延迟了 {worst_ms} 毫秒"],
    "alert.loop-late.fix": [
        "Everybody on it waits so long. See whether the machine has enough processor time and memory.",
        "其上的所有用户都要等待。请检查机器的处理器和内存是否充足。",
    ],
    "alert.login-unthrottled": ["Passwords can be guessed at any speed", "密码可被任意快速地猜测"],
    "alert.login-unthrottled.fix": ["Set login.throttle to true.", "请将 login.throttle 设为 true。"],
    "alert.login-legacy": ["Outdated sign-in is allowed", "允许过时的登录方式"],
    "alert.login-legacy.fix": [
        "The page Security shows who still needs it. Switch it off when nobody does.",
        "“安全”页面列出仍需要它的用户；无人需要时请关闭。",
    ],

    "warn.none": ["Nothing", "没有"],
    "warn.none.note": [
        "The server warns of nothing, and nobody guesses passwords.",
        "服务器没有警告，也没有人在猜测密码。",
    ],
    "warn.go": ["Look at it", "去处理"],
    "warn.show": ["Show them", "查看"],
    "warn.certificate_over": ["The certificate has expired", "证书已过期"],
    "warn.certificate_over.fix": [
        "Clients refuse to connect. Put a new one where tls.certificate points, then reload linnetd.",
        "客户端会拒绝连接。请将新证书放到 tls.certificate 指定的位置，然后重新加载 linnetd。",
    ],
    "warn.certificate_soon": ["The certificate expires in {days} {days|day|days}", "证书将在 {days} 天后过期"],
    "warn.certificate_soon.fix": [
        "Put a new one where tls.certificate points, then reload linnetd: sessions go on.",
        "请将新证书放到 tls.certificate 指定的位置，然后重新加载 linnetd；现有会话不受影响。",
    ],
    "warn.guessing": [
        "{n} {n|sign-in was|sign-ins were} slowed down, {n|from|most from} {address}",
        "有 {n} 次登录被减速，{n|来自|多数来自} {address}",
    ],
    "warn.guessing.fix": [
        "Several wrong passwords came before. If it is no client with an old password, somebody guesses.",
        "此前出现多次错误密码。如果不是保存了旧密码的客户端，就是有人在猜测密码。",
    ],
    "warn.server_failed": [
        "{n} {n|sign-in|sign-ins} could not be checked",
        "有 {n} 次登录无法验证",
    ],
    "warn.server_failed.fix": [
        "The fault is the server's: its log says more, the database first of all.",
        "问题出在服务器：请查看其日志，首先检查数据库。",
    ],
});
