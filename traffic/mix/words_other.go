package mix

func frenchSpeech() speech {
	return speech{
		given:   words("Jean Marie Pierre Nathalie Michel Isabelle Philippe Sylvie Alain Céline/celine Nicolas Aurélie/aurelie François/francois Hélène/helene Julien Camille Luc Élodie/elodie"),
		family:  words("Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefèvre/lefevre Michel Garcia David Bertrand Roux Vincent Fournier Morel Girard André/andre Mercier"),
		nouns:   words("budget contrat calendrier facture livraison réunion formation devis commande audit planning déménagement maintenance inventaire"),
		months:  words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
		replies: []string{"Re: ", "RE: ", "TR: ", "Re: "},
		personal: lines(`Réunion {p} du {d}
			Question sur {p}
			Commande n° {o}
			Devis {o} pour {f}
			Facture {o}
			Compte rendu : {p} {m}
			Déjeuner à {c} ?
			{p} - version {n}`),
		newsletter: lines(`La lettre de {f} - {m}
			-{n} % jusqu'à dimanche
			Nouveautés {m} : {p}
			L'essentiel de la semaine n° {n}`),
		notice: lines(`[ALERTE] {h} : espace disque faible
			Votre commande {o} a été expédiée
			Ticket n° {o} mis à jour
			Sauvegarde de {h} terminée`),
		spam: lines(`Votre colis {o} est en attente
			Dernier rappel : facture {o}
			Félicitations {g}, vous avez gagné`),
		files: lines(`Facture_{o}.pdf
			Devis {o}.docx
			Compte rendu {d}.docx
			{p} {m}.xlsx`),
		body: lines(`Bonjour,
			vous trouverez ci-dessous les éléments demandés.
			Les chiffres du mois sont un peu au-dessus de nos prévisions.
			Merci de nous confirmer la date et le lieu avant la fin de la semaine.
			Cordialement`),
	}
}

func spanishSpeech() speech {
	return speech{
		given:   words("Antonio María/maria José/jose Carmen Manuel Ana Francisco Laura Juan Lucía/lucia Pedro Elena Ángel/angel Sofía/sofia Miguel Pilar"),
		family:  words("García/garcia Rodríguez/rodriguez González/gonzalez Fernández/fernandez López/lopez Martínez/martinez Sánchez/sanchez Pérez/perez Gómez/gomez Martín/martin Jiménez/jimenez Ruiz Díaz/diaz Moreno Álvarez/alvarez Romero Núñez/nunez Peña/pena"),
		nouns:   words("presupuesto contrato factura pedido reunión envío formación inventario mantenimiento auditoría planificación oferta"),
		months:  words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
		replies: []string{"RE: ", "Re: ", "RV: "},
		personal: lines(`Reunión sobre {p} el {d}
			Consulta: {p}
			Pedido {o}
			Oferta {o} para {f}
			Factura n.º {o}
			Acta de {p}, {m}
			¿Comemos en {c}?`),
		newsletter: lines(`Boletín de {f} - {m}
			¡Solo hoy! {n} % de descuento
			Novedades de {m}: {p}`),
		notice: lines(`[AVISO] {h}: espacio en disco bajo
			Su pedido {o} ha sido enviado
			Incidencia {o} actualizada`),
		spam: lines(`Su paquete {o} no pudo ser entregado
			Último aviso: factura {o}
			¡Enhorabuena {g}!`),
		files: lines(`Factura_{o}.pdf
			Pedido {o}.xlsx
			Presupuesto {o}.docx`),
		body: lines(`Buenos días:
			adjunto encontrará la información solicitada.
			Las cifras de este mes superan ligeramente lo previsto.
			Quedamos a la espera de su confirmación.
			Un saludo`),
	}
}

func italianSpeech() speech {
	return speech{
		given:   words("Giuseppe Maria Marco Giulia Luca Francesca Andrea Chiara Paolo Sara Davide Elisa Nicolò/nicolo"),
		family:  words("Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti De_Luca/deluca Costa"),
		nouns:   words("preventivo contratto fattura ordine riunione consegna formazione inventario manutenzione offerta"),
		months:  words("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
		replies: []string{"R: ", "Re: ", "I: "},
		personal: lines(`Riunione {p} del {d}
			Ordine {o}
			Offerta {o} per {f}
			Fattura n. {o}
			Verbale {p}, {m}`),
		newsletter: lines(`Newsletter {f} - {m}
			Novità di {m}: {p}
			Sconto del {n}% fino a domenica`),
		notice: lines(`[AVVISO] {h}: spazio su disco insufficiente
			Il tuo ordine {o} è stato spedito`),
		spam: lines(`Il tuo pacco {o} è in attesa
			Ultimo avviso: fattura {o}`),
		files: lines(`Fattura_{o}.pdf
			Ordine {o}.xlsx`),
		body: lines(`Buongiorno,
			in allegato trova i documenti richiesti.
			Le cifre del mese sono leggermente superiori alle previsioni.
			Cordiali saluti`),
	}
}

func chineseSpeech() speech {
	return speech{
		given:   words("伟/wei 芳/fang 娜/na 敏/min 静/jing 强/qiang 磊/lei 洋/yang 艳/yan 杰/jie 丽华/lihua 建国/jianguo"),
		family:  words("王/wang 李/li 张/zhang 刘/liu 陈/chen 杨/yang 赵/zhao 黄/huang 周/zhou 吴/wu 徐/xu 孙/sun"),
		nouns:   words("合同 报价单 发票 订单 会议 培训 预算 项目 发货 维护 审计 计划"),
		months:  words("一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月"),
		replies: []string{"回复: ", "答复: ", "转发: ", "Re: "},
		personal: lines(`关于{p}的会议 {d}
			{p}确认 {o}
			订单 {o}
			{m}{p}
			请审批: {p}
			发票 {o}`),
		newsletter: lines(`{m}特惠 {n}折
			{f} 电子周刊 第{n}期
			新品发布: {p}`),
		notice: lines(`[警告] {h} 磁盘空间不足
			您的订单 {o} 已发货
			验证码`),
		spam: lines(`代开发票 {o}
			您的账户已被限制
			恭喜您中奖`),
		files: lines(`合同_{o}.docx
			报价单{o}.xlsx
			发票{o}.pdf`),
		body: lines(`您好,
			附件是您需要的资料, 请查收。
			本月的数字略高于我们的预期。
			请在本周内确认日期和地点。
			谢谢`),
	}
}

func japaneseSpeech() speech {
	return speech{
		given:   words("太郎/taro 花子/hanako 健一/kenichi 陽子/yoko 大輔/daisuke 美咲/misaki 翔/sho 恵子/keiko 隆/takashi 由美/yumi"),
		family:  words("佐藤/sato 鈴木/suzuki 高橋/takahashi 田中/tanaka 伊藤/ito 渡辺/watanabe 山本/yamamoto 中村/nakamura 小林/kobayashi 加藤/kato 吉田/yoshida"),
		nouns:   words("見積書 契約書 請求書 納品 打ち合わせ 研修 予算 出荷 保守 監査 議事録"),
		months:  words("1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月"),
		replies: []string{"Re: ", "RE: ", "Fw: "},
		personal: lines(`{p}の件
			【ご確認】{p} {d}
			ご注文番号 {o} について
			{m}の{p}
			お打ち合わせ日程のご相談
			{p}送付のご案内`),
		newsletter: lines(`【{f}】{m}のお知らせ
			メールマガジン 第{n}号
			期間限定 {n}%オフ`),
		notice: lines(`[警告] {h} ディスク使用率 {n}%
			ご注文 {o} を発送しました
			認証コードのお知らせ`),
		spam: lines(`【重要】アカウントが制限されました {o}
			お荷物のお届けについて
			当選おめでとうございます`),
		files: lines(`見積書_{o}.pdf
			請求書{o}.xlsx
			議事録{d}.docx`),
		body: lines(`お世話になっております。
			ご依頼の資料をお送りいたします。
			今月の数字は予想をやや上回りました。
			今週中に日程をご確認いただけますと幸いです。
			よろしくお願いいたします。`),
	}
}

func russianSpeech() speech {
	return speech{
		given:   words("Иван/ivan Анна/anna Сергей/sergey Ольга/olga Дмитрий/dmitry Елена/elena Алексей/alexey Наталья/natalia Михаил/mikhail Татьяна/tatiana"),
		family:  words("Иванов/ivanov Смирнов/smirnov Кузнецов/kuznetsov Попов/popov Васильев/vasiliev Петров/petrov Соколов/sokolov Михайлов/mikhailov Новиков/novikov Морозов/morozov"),
		nouns:   words("договор счёт заказ поставка бюджет встреча обучение проект аудит отгрузка"),
		months:  words("январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь"),
		replies: []string{"Re: ", "Отв: ", "Fwd: "},
		personal: lines(`Встреча: {p}, {d}
			Вопрос по теме "{p}"
			Заказ {o}
			Счёт № {o}
			{p} за {m}
			Протокол совещания {d}`),
		newsletter: lines(`Новости {f}: {m}
			Скидка {n}% до воскресенья`),
		notice: lines(`[ВНИМАНИЕ] {h}: мало места на диске
			Ваш заказ {o} отправлен`),
		spam: lines(`Ваш аккаунт заблокирован {o}
			Вы выиграли, {g}
			Срочно: счёт {o}`),
		files: lines(`Счёт_{o}.pdf
			Договор {o}.docx`),
		body: lines(`Здравствуйте!
			Направляем запрошенные документы.
			Показатели за месяц немного выше ожидаемых.
			Просим подтвердить дату и место до конца недели.
			С уважением`),
	}
}
